#include "proto_json/image_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mobileclip::proto {
namespace {

using ::testing::HasSubstr;

std::string outcome(std::string text) {
  const auto image = image_from_text(std::move(text));
  if (!image) return "error: " + image.error().message;
  return {reinterpret_cast<const char*>(image->bytes.data()), image->bytes.size()};
}

TEST(ImageSource, TakesBase64AndDataUris) {
  EXPECT_EQ(outcome("Zm9v"), "foo");
  EXPECT_EQ(outcome("data:image/png;base64,Zm9v"), "foo");
  EXPECT_EQ(outcome("DATA:Image/JPEG;name=a;BASE64,Zm9v"), "foo");
  EXPECT_EQ(outcome("data:application/octet-stream;base64,Zm9v"), "foo");
  EXPECT_EQ(outcome("data:;base64,Zm9v"), "foo");
}

TEST(ImageSource, SaysWhatIsWrong) {
  EXPECT_THAT(outcome(""), HasSubstr("empty"));
  EXPECT_THAT(outcome("data:image/png;base64,"), HasSubstr("empty"));
  EXPECT_THAT(outcome("data:image/png;base64"), HasSubstr("no \",\""));
  EXPECT_THAT(outcome("data:image/png,Zm9v"), HasSubstr("expected data:<media type>;base64"));
  EXPECT_THAT(outcome("data:base64,Zm9v"), HasSubstr("expected data:<media type>;base64"));
  EXPECT_THAT(outcome("data:text/html;base64,Zm9v"), HasSubstr("media type image/*"));
  EXPECT_THAT(outcome("data:image/png;base64,Zm9"), HasSubstr("multiple of 4"));
  EXPECT_THAT(outcome("https://example.org/cat.png"), HasSubstr("invalid base64"));
  EXPECT_THAT(outcome("data:" + std::string(10000, 'a') + ";base64,Zm9v"), HasSubstr("no \",\""));
}

TEST(ImageSource, KeepsItsBytesAlive) {
  ImageBytes kept;
  {
    auto image = image_from_text("Zm9vYmFy");
    ASSERT_TRUE(image.ok());
    kept = *image;
  }
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(kept.bytes.data()), kept.bytes.size()), "foobar");
}

}  // namespace
}  // namespace mobileclip::proto
