#include "server/handlers/similarity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

using ::testing::HasSubstr;

class SimilarityTest : public ::testing::Test, protected HandlerFixture {};

/// Of the fake's {a, 1, 0, 0} and {b, 1, 0, 0}.
double cosine(double a, double b) { return (a * b + 1) / std::sqrt((a * a + 1) * (b * b + 1)); }

TEST_F(SimilarityTest, ComparesImagesWithTexts) {
  const auto reply =
      json_of(post_json("/similarity", R"({"images": ["Zm9v", "Zg=="], "texts": ["a", "abcd", "longer than ten"]})"));
  EXPECT_EQ(reply["rows"], "images");
  EXPECT_EQ(reply["columns"], "texts");
  EXPECT_EQ(reply["truncated"], std::vector<int>{2});
  const double images[] = {3, 1};
  const double texts[] = {1, 4, 15};
  for (std::size_t i = 0; i < 2; ++i) {
    double sum = 0;
    for (const double t : texts) sum += std::exp(10 * cosine(images[i], t));
    for (std::size_t t = 0; t < 3; ++t) {
      EXPECT_NEAR(reply["similarity"][i][t], cosine(images[i], texts[t]), 1e-6);
      EXPECT_NEAR(reply["probabilities"][i][t], std::exp(10 * cosine(images[i], texts[t])) / sum, 1e-6);
    }
  }
}

TEST_F(SimilarityTest, TakesAForm) {
  const std::string form =
      "--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n123\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nabc\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"dimensions\"\r\n\r\n2\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n{\"texts\": [\"x\"], \"text_embeddings\": [[3, "
      "1]]}\r\n--B--";
  const Response response = post("/similarity", "multipart/form-data; boundary=B", form);
  ASSERT_EQ(response.status, 200u) << response.body;
  const auto reply = json_of(response);
  EXPECT_EQ(reply["dimensions"], 2);
  ASSERT_EQ(reply["similarity"][0].size(), 3u);
  EXPECT_NEAR(reply["similarity"][0][0], cosine(3, 1), 1e-6) << "texts of \"request\" come first";
  EXPECT_NEAR(reply["similarity"][0][1], 1, 1e-6);
  EXPECT_NEAR(reply["similarity"][0][2], 1, 1e-6) << "ready embeddings come last";
}

TEST_F(SimilarityTest, TakesReadyEmbeddingsAlone) {
  const auto reply = json_of(post_json(
      "/similarity",
      R"({"image_embeddings": [[2, 0, 0, 0], [0, 0, 0, 0]], "text_embeddings": [[0, 3, 0, 0], [5, 0, 0, 0]]})"));
  EXPECT_EQ(reply["similarity"], (std::vector<std::vector<double>>{{0, 1}, {0, 0}}));
  EXPECT_NEAR(reply["probabilities"][1][0], 0.5, 1e-6);
  EXPECT_FALSE(service.last_request) << "the engine was asked for nothing";
}

TEST_F(SimilarityTest, ComparesOneSideWithItself) {
  const auto texts = json_of(post_json("/similarity", R"({"texts": ["a", "abc"]})"));
  EXPECT_EQ(texts["rows"], "texts");
  EXPECT_EQ(texts["columns"], "texts");
  EXPECT_FALSE(texts.contains("probabilities"));
  EXPECT_NEAR(texts["similarity"][0][1], cosine(1, 3), 1e-6);
  EXPECT_NEAR(texts["similarity"][1][1], 1, 1e-6);
  EXPECT_EQ(json_of(post_json("/similarity", R"({"image_embeddings": [[1, 0, 0, 0]]})"))["columns"], "images");
}

TEST_F(SimilarityTest, SaysWhichListABadItemIsOf) {
  const auto image = json_of(post_json("/similarity", R"({"images": ["Zm9v", "YmFk"], "texts": ["a"]})"))["error"];
  EXPECT_EQ(image["code"], "invalid_image");
  EXPECT_EQ(image["input"], "images");
  EXPECT_EQ(image["index"], 1);
  const auto text = json_of(post_json("/similarity", R"({"texts": ["longer than ten"], "truncate": false})"))["error"];
  EXPECT_EQ(text["input"], "texts");
}

TEST_F(SimilarityTest, SaysWhatIsWrong) {
  EXPECT_EQ(post("/similarity", "image/png", "x").status, 415u);
  for (const char* body :
       {"{}", R"({"texts": [], "images": []})", R"({"text_embeddings": [[1, 2]]})", R"({"text_embeddings": [[]]})",
        R"({"texts": ["a"], "dimensions": 5})", R"({"texts": ["a"], "normalize": false})",
        R"({"text_embeddings": [[1, 2, 3]], "dimensions": 2})", R"({"text_embeddings": [["1", "2", "3", "4"]]})"}) {
    EXPECT_EQ(post_json("/similarity", body).status, 400u) << body;
  }
  EXPECT_THAT(message_of(post_json("/similarity", R"({"text_embeddings": [[1, 2, 3, 4], [1]]})")),
              HasSubstr("text_embeddings[1]: expected 4 values, found 1"));
}

TEST_F(SimilarityTest, AbandonsImagesWhoseTextsAreRefused) {
  service.texts_refusal = Error{ErrorCode::kOverloaded, "full"};
  EXPECT_EQ(post_json("/similarity", R"({"images": ["Zm9v"], "texts": ["a"]})").status, 429u);
  EXPECT_TRUE(*service.last_request->abandoned);
}

}  // namespace
}  // namespace mobileclip::server
