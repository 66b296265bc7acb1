#include "server/handlers/embedding_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// The fake's embedding of a text of n bytes is {n, 1, 0, 0}.
class EmbeddingReplyTest : public ::testing::Test, protected HandlerFixture {
 protected:
  Response texts(const std::string& query, const char* accept) {
    Request request{.head = {.method = "POST", .target = "/embed/text" + query, .headers = {}},
                    .body = std::make_shared<const std::string>(R"({"texts": ["abc", "longer than ten"]})")};
    request.head.headers.add("Content-Type", "application/json");
    if (accept != nullptr) request.head.headers.add("Accept", accept);
    return call(std::move(request));
  }
};

constexpr const char* kNpy = "application/x-npy";
constexpr const char* kOctets = "application/octet-stream";

TEST_F(EmbeddingReplyTest, JsonUnlessAskedOtherwise) {
  for (const char* accept : {static_cast<const char*>(nullptr), "*/*", "application/json"}) {
    EXPECT_EQ(texts("", accept).content_type, "application/json");
  }
}

TEST_F(EmbeddingReplyTest, OctetStream) {
  const Response response = texts("", kOctets);
  EXPECT_EQ(response.content_type, kOctets);
  EXPECT_EQ(response.headers.find("X-Embedding-Shape"), "2, 4");
  EXPECT_EQ(response.headers.find("X-Embedding-Dtype"), "f32");
  EXPECT_EQ(response.headers.find("X-Truncated-Count"), "1");
  ASSERT_EQ(response.body.size(), 2u * 4 * 4);
  float first = 0;
  std::memcpy(&first, response.body.data() + 16, 4);
  EXPECT_EQ(first, 15);
  EXPECT_EQ(texts("?dtype=f16", kOctets).body.substr(0, 4), std::string("\x00\x42\x00\x3C", 4));
  EXPECT_EQ(texts("?quantize=int8", kOctets).body.substr(0, 4), std::string("\x7F\x2A\x00\x00", 4));
  EXPECT_EQ(texts("?quantize=binary", kOctets).body, "\xC0\xC0");
}

TEST_F(EmbeddingReplyTest, Npy) {
  const Response response = texts("", kNpy);
  EXPECT_EQ(response.content_type, kNpy);
  EXPECT_THAT(response.body, HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }"));
  EXPECT_EQ(response.body.size() % 64, 32u) << "the data begin at a multiple of 64";
  EXPECT_THAT(texts("?dtype=f16", kNpy).body, HasSubstr("'<f2'"));
  EXPECT_THAT(texts("?quantize=int8", kNpy).body, HasSubstr("'descr': '|i1', 'fortran_order': False, 'shape': (2, 4)"));
  EXPECT_THAT(texts("?quantize=binary", kNpy).body,
              HasSubstr("'descr': '|u1', 'fortran_order': False, 'shape': (2, 1)"));
}

TEST_F(EmbeddingReplyTest, JsonSaysWhatItHolds) {
  const auto int8 = json_of(texts("?quantize=int8", nullptr));
  EXPECT_EQ(int8["embeddings"][0], (std::vector<int>{127, 42, 0, 0}));
  EXPECT_EQ(int8["dtype"], "int8");
  EXPECT_FLOAT_EQ(int8["scales"][0], 3.0f / 127);
  const auto binary = json_of(texts("?quantize=binary", nullptr));
  EXPECT_EQ(binary["embeddings"][0], (std::vector<int>{0xC0}));
  EXPECT_EQ(binary["dimensions"], 4);
  const auto base64 = json_of(texts("?encoding_format=base64", nullptr));
  EXPECT_EQ(base64["embeddings"][0], "AABAQAAAgD8AAAAAAAAAAA==");
  EXPECT_EQ(base64["encoding_format"], "base64");
  EXPECT_EQ(base64["dtype"], "f32");
  EXPECT_EQ(json_of(texts("?dtype=f16", nullptr))["embeddings"][0], (std::vector<float>{3, 1, 0, 0}));
  EXPECT_EQ(json_of(texts("?encoding_format=base64&quantize=binary", nullptr))["embeddings"][0], "wA==");
  const auto in_body =
      json_of(post_json("/embed/text", R"({"text": "abc", "quantize": "int8", "encoding_format": "base64"})"));
  EXPECT_EQ(in_body["embeddings"][0], "fyoAAA==");
}

TEST_F(EmbeddingReplyTest, SaysWhatThereIs) {
  const Response response = texts("", "image/png");
  EXPECT_EQ(response.status, 406u);
  EXPECT_EQ(error_code_of(response), "not_acceptable");
  EXPECT_THAT(message_of(response), AllOf(HasSubstr("application/json"), HasSubstr(kOctets), HasSubstr(kNpy)));
  EXPECT_EQ(texts("?encoding_format=base64", kNpy).status, 406u);
  EXPECT_FALSE(service.last_request) << "nothing is computed for an answer that nobody can read";
}

TEST_F(EmbeddingReplyTest, NamesWhatIsWrong) {
  const Response both = texts("?quantize=int8&dtype=f16", nullptr);
  EXPECT_EQ(both.status, 400u);
  EXPECT_THAT(message_of(both), AllOf(HasSubstr("dtype"), HasSubstr("quantize")));
  EXPECT_THAT(message_of(texts("?quantize=int4", nullptr)), AllOf(HasSubstr("\"int8\""), HasSubstr("found \"int4\"")));
  EXPECT_THAT(message_of(post_json("/embed/text", R"({"text": "a", "dtype": 16})")),
              HasSubstr("\"dtype\": expected a string"));
  EXPECT_EQ(post_json("/similarity?quantize=int8", R"({"texts": ["a"]})").status, 400u);
}

TEST_F(EmbeddingReplyTest, ImagesLikewise) {
  Request request{.head = {.method = "POST", .target = "/embed/image?quantize=binary", .headers = {}},
                  .body = std::make_shared<const std::string>("abc")};
  request.head.headers.add("Content-Type", "image/png");
  request.head.headers.add("Accept", kOctets);
  EXPECT_EQ(call(std::move(request)).body, "\xC0");
}

}  // namespace
}  // namespace mobileclip::server
