#include "proto_json/open_inference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

namespace mobileclip::proto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A body in a buffer of exactly its size, so that a sanitiser sees a read past it.
std::shared_ptr<const std::string> shared(std::string body) {
  body.shrink_to_fit();
  return std::make_shared<const std::string>(std::move(body));
}

Result<InferRequest> parse(InferModel model, std::string body) {
  return parse_infer(model, shared(std::move(body)), {});
}

std::string bytes_element(std::string_view text) {
  std::string element(4, '\0');
  const auto length = static_cast<std::uint32_t>(text.size());
  std::memcpy(element.data(), &length, sizeof length);
  return element + std::string(text);
}

struct BinaryBody {
  std::string header;
  std::string data;
  [[nodiscard]] Result<InferRequest> parse(InferModel model) const {
    return parse_infer(model, shared(header + data), header.size());
  }
};

BinaryBody binary(const std::string& tensor, std::string data) {
  return {.header = R"({"inputs": [{)" + tensor + R"(, "parameters": {"binary_data_size": )" +
                    std::to_string(data.size()) + "}}]}",
          .data = std::move(data)};
}

constexpr const char* kTwoTexts = R"("name": "text", "datatype": "BYTES", "shape": [2])";

TEST(OpenInference, TextsInJson) {
  const auto request = parse(InferModel::kText, R"({"id": "7", "inputs": [{"name": "text", "datatype": "BYTES",
      "shape": [2, 1], "data": [["a"], ["b"]]}], "parameters": {"dimensions": 4, "binary_data_output": true}})");
  EXPECT_THAT(request->texts, ElementsAre("a", "b"));
  EXPECT_EQ(request->id, "7");
  EXPECT_EQ(request->options.dimensions, 4);
  EXPECT_TRUE(request->binary_output);
}

TEST(OpenInference, AnOutputDecidesForItself) {
  const auto request = parse(InferModel::kText, R"({"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1],
      "data": ["a"]}], "outputs": [{"name": "embedding", "parameters": {"binary_data": true}}]})");
  EXPECT_TRUE(request->binary_output);
}

TEST(OpenInference, ImagesInBinaryLieInTheBody) {
  const BinaryBody body =
      binary(R"("name": "image", "datatype": "BYTES", "shape": [2])", bytes_element("abc") + bytes_element(""));
  const auto whole = shared(body.header + body.data);
  const auto request = parse_infer(InferModel::kImage, whole, body.header.size());
  ASSERT_TRUE(request.ok()) << request.error().message;
  EXPECT_EQ(reinterpret_cast<const char*>(request->images[0]->bytes.data()), whole->data() + body.header.size() + 4);
  EXPECT_EQ(request->images[0]->bytes.size(), 3u);
  EXPECT_FALSE(request->images[1].ok()) << "an empty image is an error in its own place";
}

TEST(OpenInference, TokenIdsOfBothWidths) {
  const std::int64_t wide[] = {1, 2, 3, 4};
  const std::int32_t narrow[] = {1, 2, 3, 4};
  const std::string wide_bytes(reinterpret_cast<const char*>(wide), sizeof wide);
  const std::string narrow_bytes(reinterpret_cast<const char*>(narrow), sizeof narrow);
  const std::string name = R"("name": "token_ids", "shape": [2, 2], "datatype": )";
  for (const BinaryBody& body : {binary(name + "\"INT64\"", wide_bytes), binary(name + "\"INT32\"", narrow_bytes)}) {
    EXPECT_THAT(body.parse(InferModel::kTextTokens)->token_ids, ElementsAre(TokenIds{1, 2}, TokenIds{3, 4}));
  }
  EXPECT_THAT(binary(name + "\"INT64\"", narrow_bytes).parse(InferModel::kTextTokens).error().message,
              HasSubstr("takes 32 bytes, found 16"));
}

TEST(OpenInference, EveryCutOfABodyIsRefusedAndNothingReadPastIt) {
  const BinaryBody whole = binary(kTwoTexts, bytes_element("first") + bytes_element("second"));
  ASSERT_TRUE(whole.parse(InferModel::kText).ok());
  for (std::size_t kept = 0; kept < whole.data.size(); ++kept) {
    // The size told as it was, and told as it is.
    const BinaryBody as_told{.header = whole.header, .data = whole.data.substr(0, kept)};
    EXPECT_FALSE(as_told.parse(InferModel::kText).ok()) << kept;
    EXPECT_FALSE(binary(kTwoTexts, whole.data.substr(0, kept)).parse(InferModel::kText).ok()) << kept;
  }
  const std::string body = whole.header + whole.data;
  for (std::size_t length = 0; length <= body.size() + 1; ++length) {
    if (length != whole.header.size()) {
      EXPECT_FALSE(parse_infer(InferModel::kText, shared(body), length).ok()) << length;
    }
  }
}

TEST(OpenInference, EveryByteOfALengthMayLie) {
  const std::string data = bytes_element("first") + bytes_element("second");
  for (std::size_t at = 0; at < data.size(); ++at) {
    for (const char value : {'\0', '\x01', '\x7F', '\xFF'}) {
      std::string changed = data;
      changed[at] = value;
      const auto request = binary(kTwoTexts, changed).parse(InferModel::kText);
      if (request) {
        EXPECT_EQ(request->texts[0].size() + request->texts[1].size(), data.size() - 8);
      }
    }
  }
}

TEST(OpenInference, ShapesDoNotOverflow) {
  for (const char* shape : {"[4294967296, 4294967296]", "[18446744073709551615]", "[16777217]", "[-1]", "[1.5]", "[]",
                            "[0]", "[3]", "[1, 1, 1]"}) {
    const auto request = parse(InferModel::kText, std::string(R"({"inputs": [{"name": "text", "datatype": "BYTES",)") +
                                                      R"("data": ["a"], "shape": )" + shape + "}]}");
    ASSERT_FALSE(request.ok()) << shape;
    EXPECT_THAT(request.error().message, HasSubstr("shape")) << shape;
  }
}

TEST(OpenInference, RepliesInJsonOrBinary) {
  InferReply reply{.model_name = "text", .id = "7", .embeddings = {{1, 2}, {3, 4}}, .binary = false};
  const InferReplyBody as_json = infer_reply(reply);
  EXPECT_FALSE(as_json.json_length);
  EXPECT_EQ(as_json.body,
            R"({"model_name":"text","model_version":"1","id":"7","outputs":[{"name":"embedding","datatype":"FP32",)"
            R"("shape":[2,2],"data":[1,2,3,4]}]})");
  reply.binary = true;
  const InferReplyBody as_binary = infer_reply(reply);
  const auto header = nlohmann::json::parse(as_binary.body.substr(0, *as_binary.json_length));
  EXPECT_EQ(header["outputs"][0]["parameters"]["binary_data_size"], 16);
  float values[4];
  ASSERT_EQ(as_binary.body.size(), *as_binary.json_length + sizeof values);
  std::memcpy(values, as_binary.body.data() + *as_binary.json_length, sizeof values);
  EXPECT_THAT(values, ElementsAre(1, 2, 3, 4));
}

TEST(OpenInference, ModelsByName) {
  for (const InferModel model : kInferModels) EXPECT_EQ(infer_model(to_string(model)), model);
  EXPECT_FALSE(infer_model("audio"));
}

}  // namespace
}  // namespace mobileclip::proto
