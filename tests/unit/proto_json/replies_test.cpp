#include "proto_json/replies.h"

#include <gtest/gtest.h>

namespace mobileclip::proto {
namespace {

TEST(Replies, Embeddings) {
  const EmbedReply reply{
      .model = "M", .dimensions = 2, .embeddings = {{0.5f, -1}, {0, 0.25f}}, .tokens = 9, .truncated = {1}};
  EXPECT_EQ(image_reply(reply), R"({"model":"M","dimensions":2,"embeddings":[[0.5,-1],[0,0.25]]})");
  EXPECT_EQ(text_reply(reply),
            R"({"model":"M","dimensions":2,"embeddings":[[0.5,-1],[0,0.25]],"tokens":9,"truncated":[1]})");
  EXPECT_GE(estimated_bytes(reply), text_reply(reply).size());
}

TEST(Replies, Similarity) {
  SimilarityReply reply;  // filled field by field: GCC 12 takes the nested initialiser for uninitialised at -O3
  reply.model = "M";
  reply.dimensions = 3;
  reply.rows = "images";
  reply.columns = "texts";
  reply.logit_scale = 100;
  reply.similarity = {.rows = 1, .columns = 2, .values = {0.5f, 0.25f}};
  reply.probabilities = Matrix{.rows = 1, .columns = 2, .values = {1, 0}};
  EXPECT_EQ(similarity_reply(reply),
            R"({"model":"M","dimensions":3,"rows":"images","columns":"texts",)"
            R"("similarity":[[0.5,0.25]],"probabilities":[[1,0]],"logit_scale":100,"truncated":[]})");
  reply.probabilities.reset();
  EXPECT_EQ(similarity_reply(reply).find("probabilities"), std::string::npos);
}

TEST(Replies, Errors) {
  EXPECT_EQ(error_reply({.code = "not_found", .message = "no \"x\"", .input = {}}),
            R"({"error":{"code":"not_found","message":"no \"x\""}})");
  const ItemFailure items[] = {{.index = 2, .code = "a", .message = "b"}, {.index = 5, .code = "c", .message = "d"}};
  EXPECT_EQ(error_reply({.code = "a", .message = "b", .input = "images", .items = items}),
            R"({"error":{"code":"a","message":"b","index":2,"input":"images","errors":[)"
            R"({"index":2,"code":"a","message":"b"},{"index":5,"code":"c","message":"d"}]}})");
}

}  // namespace
}  // namespace mobileclip::proto
