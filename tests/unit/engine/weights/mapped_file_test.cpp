#include "engine/weights/mapped_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "engine/base/error.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;
using ::testing::ThrowsMessage;

constexpr std::size_t kPage = 4096;

int sum(std::span<const std::byte> bytes) {
  int total = 0;
  for (const std::byte b : bytes) total += std::to_integer<int>(b);
  return total;
}

TEST(MappedFile, HoldsTheBytes) {
  const TemporaryDirectory directory;
  const MappedFile file(directory.write("a", "bytes"));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()), "bytes");
  EXPECT_FALSE(file.damaged());
}

TEST(MappedFile, TakesAnEmptyFile) {
  const TemporaryDirectory directory;
  const MappedFile file(directory.write("a", ""));
  EXPECT_TRUE(file.bytes().empty());
  EXPECT_FALSE(file.damaged());
}

TEST(MappedFile, RefusesWhatIsNoRegularFile) {
  const TemporaryDirectory directory;
  const auto map = [](const fs::path& path) { return [path] { const MappedFile file(path); }; };
  EXPECT_THAT(map(directory.path() / "none"), ThrowsMessage<LoadError>(HasSubstr("none: cannot be opened")));
  EXPECT_THAT(map(directory.path()), ThrowsMessage<LoadError>(HasSubstr("expected a regular file")));
  const fs::path pipe = directory.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(map(pipe), ThrowsMessage<LoadError>(HasSubstr("expected a regular file")));
}

TEST(MappedFile, SurvivesTruncation) {
  const TemporaryDirectory directory;
  const fs::path path = directory.write("a", std::string(16 * kPage, '\1'));
  const fs::path other_path = directory.write("b", std::string(2 * kPage, '\1'));
  const MappedFile file(path);
  const MappedFile other(other_path);
  fs::resize_file(path, 2 * kPage);
  EXPECT_EQ(sum(file.bytes()), 2 * static_cast<int>(kPage));  // zeros where the file was cut off
  EXPECT_TRUE(file.damaged());
  EXPECT_EQ(sum(other.bytes()), 2 * static_cast<int>(kPage));
  EXPECT_FALSE(other.damaged());
}

TEST(MappedFile, NoticesTruncationThatRaisesNoSignal) {
  const TemporaryDirectory directory;
  const fs::path path = directory.write("a", std::string(100, '\1'));
  const MappedFile file(path);
  fs::resize_file(path, 99);
  EXPECT_TRUE(file.damaged());
}

TEST(MappedFile, SurvivesTruncationUnderSeveralThreads) {
  const TemporaryDirectory directory;
  const fs::path path = directory.write("a", std::string(64 * kPage, '\1'));
  const MappedFile file(path);
  fs::resize_file(path, 0);
  std::vector<std::jthread> readers;
  for (int i = 0; i < 4; ++i) readers.emplace_back([&file] { EXPECT_EQ(sum(file.bytes()), 0); });
  readers.clear();
  EXPECT_TRUE(file.damaged());
}

TEST(MappedFile, ForgetsDamageWithTheMapping) {
  const TemporaryDirectory directory;
  const fs::path path = directory.write("a", std::string(4 * kPage, '\1'));
  auto file = std::make_unique<MappedFile>(path);
  fs::resize_file(path, 0);
  EXPECT_EQ(sum(file->bytes()), 0);
  file.reset();
  const MappedFile next(directory.write("b", "next"));  // takes the same place in the handler's table
  EXPECT_FALSE(next.damaged());
}

TEST(MappedFile, FreesItsPlace) {
  const TemporaryDirectory directory;
  const fs::path path = directory.write("a", "x");
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(MappedFile(path).bytes().size(), 1u);
}

TEST(MappedFile, RefusesMoreThanItsTableHolds) {
  const TemporaryDirectory directory;
  const fs::path path = directory.write("a", "");
  std::vector<std::unique_ptr<MappedFile>> files;
  // The table's 1024 places may be out of reach where few descriptors are allowed; either way it is an error, not a
  // crash.
  EXPECT_THROW(
      {
        for (int i = 0; i < 1100; ++i) files.push_back(std::make_unique<MappedFile>(path));
      },
      LoadError);
}

using MappedFileDeathTest = ::testing::Test;

TEST(MappedFileDeathTest, LeavesForeignFaultsFatal) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer reports the fault, and a report fails a run of the tests";
#endif
  const TemporaryDirectory directory;
  const MappedFile file(directory.write("a", "x"));
  EXPECT_DEATH(
      {
        const fs::path path = directory.write("b", std::string(kPage, 'x'));
        const int descriptor = open(path.c_str(), O_RDONLY);
        const auto* const bytes =
            static_cast<const volatile char*>(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, descriptor, 0));
        fs::resize_file(path, 0);
        [[maybe_unused]] const char c = bytes[0];
      },
      "");
}

TEST(MappedFileDeathTest, PassesForeignFaultsOnToTheEarlierHandler) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";  // a fresh process, in which no handler was installed before
  EXPECT_EXIT(
      {
        signal(SIGBUS, [](int) { _exit(42); });
        const MappedFile file("/proc/self/exe");
        raise(SIGBUS);
      },
      ::testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace mobileclip
