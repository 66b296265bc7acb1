// Damaged images of public decoder test suites, and decompression bombs: each gets an answer, soon.
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/preprocess/image_header.h"
#include "engine/preprocess/image_preprocessor.h"
#include "tests/support/shared_data.h"
#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".tsv") files.push_back(entry.path());
  }
  return files;
}

/// A release build's bound; debugging and sanitizers take ten times as long.
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr double kMaxCpuSeconds = 0.1;
#else
constexpr double kMaxCpuSeconds = 1.0;
#endif

/// CPU time of this thread. Decoding starts no other (opencv_decoder.h).
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

bool is_clients_fault(ErrorCode code) {
  return code == ErrorCode::kInvalidImage || code == ErrorCode::kUnsupportedImage || code == ErrorCode::kImageTooLarge;
}

void expect_answer(const std::filesystem::path& path) {
  const auto encoded = testing::read_file(path);
  const auto result = preprocess_image(encoded, {}, {});
  if (result.ok()) {
    EXPECT_EQ(result->pixels.size(), 256u * 256 * 3) << path;
    EXPECT_TRUE(sniff_image_format(encoded).has_value()) << path;
  } else {
    EXPECT_TRUE(is_clients_fault(result.error().code)) << path << ": " << result.error().message;
    EXPECT_FALSE(result.error().message.empty()) << path;
  }
}

TEST(HostileImagesTest, EveryFileIsAnswered) {
  REQUIRE_SHARED(folder, "data/hostile/images");
  const auto files = files_of(folder);
  ASSERT_GT(files.size(), 1000u);
  for (const auto& path : files) expect_answer(path);
}

/// The process's largest resident size since reset_peak().
std::int64_t peak_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    std::int64_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes;
  }
  return 0;
}
void reset_peak() { std::ofstream("/proc/self/clear_refs") << 5; }

TEST(HostileImagesTest, BombsCostLittle) {
  REQUIRE_SHARED(folder, "data/hostile/bombs");
  for (const auto& path : files_of(folder)) {
    reset_peak();
    [[maybe_unused]] const std::int64_t memory_before = peak_kilobytes();
    const double before = cpu_seconds();
    expect_answer(path);
    EXPECT_LT(cpu_seconds() - before, kMaxCpuSeconds) << path;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LT(peak_kilobytes() - memory_before, 50'000) << path;
#endif
  }
}

TEST(HostileImagesTest, NothingIsSaidOnStderr) {
  REQUIRE_SHARED(folder, "data/hostile/images");
  ::testing::internal::CaptureStderr();
  for (const auto& path : files_of(folder)) expect_answer(path);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace mobileclip
