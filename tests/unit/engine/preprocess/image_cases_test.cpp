// The pixels that Pillow and torchvision make of the shared images, and ours.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/preprocess/image_decoder.h"
#include "engine/preprocess/image_preprocessor.h"
#include "tests/support/shared_data.h"
#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

using testing::read_file;

nlohmann::json cases_of(const std::filesystem::path& folder) {
  const auto bytes = read_file(folder / "cases.json");
  return nlohmann::json::parse(reinterpret_cast<const char*>(bytes.data()),
                               reinterpret_cast<const char*>(bytes.data()) + bytes.size());
}

/// The largest difference between what we make of `file` and the pixels of `expected`, a PNG; -1 where it fails.
int difference(const std::filesystem::path& file, const std::filesystem::path& expected,
               const PreprocessConfig& config) {
  const auto ours = preprocess_image(read_file(file), config, {});
  EXPECT_TRUE(ours.ok()) << (ours.ok() ? "" : ours.error().message);
  const auto theirs = decode_image(read_file(expected), ExifOrientation::kIgnore, {});
  EXPECT_TRUE(theirs.ok());
  if (!ours.ok() || !theirs.ok()) return -1;
  const RgbImage rgb = testing::to_rgb_image(*theirs);
  EXPECT_EQ(rgb.pixels.size(), ours->pixels.size());
  int largest = 0;
  for (std::size_t i = 0; i < std::min(rgb.pixels.size(), ours->pixels.size()); ++i) {
    largest = std::max(largest, std::abs(int{rgb.pixels[i]} - int{ours->pixels[i]}));
  }
  return largest;
}

void expect_within(const nlohmann::json& entry, const std::filesystem::path& folder, const char* expected_key,
                   const PreprocessConfig& config) {
  if (!entry.contains(expected_key)) return;
  const std::string file = entry.at("file");
  SCOPED_TRACE(file + ", " + expected_key);
  const int found = difference(folder / file, folder / std::string(entry.at(expected_key)), config);
  EXPECT_GE(found, 0);
  EXPECT_LE(found, int{entry.at("max_abs_difference")});
}

TEST(ImageCasesTest, EveryCaseWithinItsDifference) {
  REQUIRE_SHARED(folder, "data/images");
  const auto cases = cases_of(folder);
  ASSERT_GE(cases.size(), 20u);
  for (const auto& entry : cases) {
    expect_within(entry, folder, "expected", {});
    expect_within(entry, folder, "expected_bicubic_224", {.image_size = 224, .interpolation = Interpolation::kBicubic});
    expect_within(entry, folder, "expected_upright", {.exif = ExifOrientation::kApply});
  }
}

TEST(ImageCasesTest, SizesAreTheFiles) {
  REQUIRE_SHARED(folder, "data/images");
  for (const auto& entry : cases_of(folder)) {
    const std::string file = entry.at("file");
    const auto info = read_image_info(read_file(folder / file));
    ASSERT_TRUE(info.ok()) << file << ": " << info.error().message;
    EXPECT_EQ(info->width, int{entry.at("size").at(0)}) << file;
    EXPECT_EQ(info->height, int{entry.at("size").at(1)}) << file;
  }
}

}  // namespace
}  // namespace mobileclip
