#include "engine/preprocess/png_writer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

TEST(PngWriterTest, WritesWhatIsReadBack) {
  const auto path =
      std::filesystem::temp_directory_path() / ("mobileclip_png_writer_" + std::to_string(::getpid()) + ".png");
  const RgbImage image = testing::noise_image(20, 20);
  write_png(path, image);
  const auto read_back = preprocess_image(testing::read_file(path), {.image_size = 20}, {});
  std::filesystem::remove(path);
  ASSERT_TRUE(read_back.ok()) << read_back.error().message;
  EXPECT_EQ(read_back->pixels, image.pixels);
}

TEST(PngWriterTest, FailureNamesThePath) {
  try {
    write_png("/nonexistent/folder/out.png", testing::noise_image(2, 2));
    FAIL() << "expected an exception";
  } catch (const std::runtime_error& e) {
    EXPECT_NE(std::string(e.what()).find("/nonexistent/folder/out.png"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace mobileclip
