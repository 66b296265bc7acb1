#include "server/handlers/image_upload.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

std::string text_of(const ImageBytes& image) {
  return {reinterpret_cast<const char*>(image.bytes.data()), image.bytes.size()};
}

TEST(ImageUpload, TellsFilesFromFieldsAndKeepsTheBodyAlive) {
  auto body = std::make_shared<const std::string>(
      "--B\r\nContent-Disposition: form-data; name=\"x\"; filename=\"\"\r\n\r\none\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"y\"\r\nContent-Type: image/png\r\n\r\ntwo\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"z\"\r\n\r\nthree\r\n--B--");
  std::vector<Result<ImageBytes>> images;
  std::string fields;
  const auto error =
      read_form(body, "B", images, [&](std::string_view name, std::string_view value) -> std::optional<Error> {
        fields += std::string(name) + "=" + std::string(value) + ";";
        return std::nullopt;
      });
  ASSERT_FALSE(error);
  const std::weak_ptr<const std::string> watch = body;
  body.reset();
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(fields, "z=three;");
  ASSERT_EQ(images.size(), 2u);
  EXPECT_EQ(text_of(*images[0]), "one");
  EXPECT_EQ(text_of(*images[1]), "two");
  images.clear();
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace mobileclip::server
