#include "server/handlers/embed_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

using ::testing::HasSubstr;

constexpr const char* kForm = "multipart/form-data; boundary=B";

std::string file_part(const std::string& body) {
  return "--B\r\nContent-Disposition: form-data; name=\"images\"; filename=\"a\"\r\n\r\n" + body + "\r\n";
}

std::string field_part(const std::string& name, const std::string& value) {
  return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

class EmbedImageTest : public ::testing::Test, protected HandlerFixture {};

TEST_F(EmbedImageTest, TakesARawBody) {
  for (const char* type : {"", "image/png", "image/x-anything", "application/octet-stream"}) {
    const Response response = post("/embed/image?dimensions=2", type, "12345");
    EXPECT_EQ(response.status, 200u) << type;
    EXPECT_EQ(response.body, R"({"model":"fake-model","dimensions":2,"embeddings":[[5,1]]})");
  }
}

TEST_F(EmbedImageTest, TakesAForm) {
  const Response response = post(
      "/embed/image", kForm,
      file_part("1") + field_part("dimensions", "2") + file_part("123") + field_part("normalize", "0") + "--B--\r\n");
  EXPECT_EQ(response.body, R"({"model":"fake-model","dimensions":2,"embeddings":[[1,1],[3,1]]})");
  EXPECT_FALSE(service.last_request->normalize);
}

TEST_F(EmbedImageTest, TakesJson) {
  const Response response =
      post_json("/embed/image", R"({"images": ["Zm9v", "data:image/png;base64,Zg=="], "dimensions": 2})");
  EXPECT_EQ(response.body, R"({"model":"fake-model","dimensions":2,"embeddings":[[3,1],[1,1]]})");
}

TEST_F(EmbedImageTest, NamesEveryBadImage) {
  const Response response =
      post("/embed/image", kForm, file_part("1") + file_part("bad") + file_part("2") + file_part("bad") + "--B--");
  EXPECT_EQ(response.status, 422u);
  const auto error = json_of(response)["error"];
  EXPECT_EQ(error["code"], "invalid_image");
  EXPECT_EQ(error["index"], 1);
  ASSERT_EQ(error["errors"].size(), 2u);
  EXPECT_EQ(error["errors"][1]["index"], 3);
}

TEST_F(EmbedImageTest, BadBase64IsABadImage) {
  const Response response = post_json("/embed/image", R"({"images": ["Zm9v", "Zm9", "Zm9v", ""]})");
  EXPECT_EQ(response.status, 400u);
  EXPECT_EQ(json_of(response)["error"]["index"], 1);
  EXPECT_EQ(json_of(response)["error"]["errors"].size(), 2u);
}

TEST_F(EmbedImageTest, SaysWhatIsWrong) {
  EXPECT_EQ(post("/embed/image", "text/plain", "x").status, 415u);
  EXPECT_EQ(post("/embed/image", "multipart/form-data", "x").status, 400u);
  EXPECT_EQ(post("/embed/image", "image/png", "").status, 400u);
  EXPECT_EQ(post("/embed/image", kForm, "--B--").status, 400u);
  EXPECT_EQ(post("/embed/image", kForm, "nonsense").status, 400u);
  EXPECT_EQ(post("/embed/image", kForm, file_part("") + "--B--").status, 400u);
  EXPECT_EQ(post_json("/embed/image", R"({"images": []})").status, 400u);
  EXPECT_THAT(message_of(post("/embed/image", kForm, field_part("colour", "red") + "--B--")), HasSubstr("\"colour\""));
  EXPECT_THAT(message_of(post("/embed/image?truncate=true", "image/png", "x")), HasSubstr("\"truncate\""));
}

TEST_F(EmbedImageTest, CountsImages) {
  post("/embed/image", "image/png", "1");
  post_json("/embed/image", R"({"images": ["Zm9v", "Zm9v"]})");
  EXPECT_THAT(metrics.render(), HasSubstr("mobileclip_images_total{model=\"fake\"} 3\n"));
}

}  // namespace
}  // namespace mobileclip::server
