#include "proto_json/bulk_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mobileclip::proto {
namespace {

using ::testing::HasSubstr;

std::string error_of(std::string_view line) {
  const BulkLine parsed = parse_bulk_line(line);
  return parsed.input ? "no error" : parsed.input.error().message;
}

TEST(BulkLine, ReadsTextsAndImages) {
  const BulkLine text = parse_bulk_line(R"({"text": "a cat", "id": "x\n"})");
  ASSERT_TRUE(text.input.ok());
  EXPECT_EQ(std::get<std::string>(*text.input), "a cat");
  EXPECT_EQ(text.id, R"("x\n")");
  const BulkLine image = parse_bulk_line(R"({"image": "Zm9v", "id": -7})");
  ASSERT_TRUE(image.input.ok());
  EXPECT_EQ(std::get<ImageBytes>(*image.input).bytes.size(), 3u);
  EXPECT_EQ(image.id, "-7");
}

TEST(BulkLine, NamesWhatIsWrong) {
  EXPECT_THAT(error_of(""), HasSubstr("JSON"));
  EXPECT_THAT(error_of("{}"), HasSubstr("expected {\"text\": …}"));
  EXPECT_THAT(error_of("[1]"), HasSubstr("an object"));
  EXPECT_THAT(error_of(R"({"text": 1})"), HasSubstr("\"text\": expected a string"));
  EXPECT_THAT(error_of(R"({"text": "a", "image": "Zm9v"})"), HasSubstr("found both"));
  EXPECT_THAT(error_of(R"({"texts": ["a"]})"), HasSubstr("unknown key \"texts\""));
  EXPECT_THAT(error_of(R"({"image": "%"})"), HasSubstr("base64"));
  for (const char* id : {"1.5", "null", "[1]", "true"}) {
    EXPECT_THAT(error_of(R"({"text": "a", "id": )" + std::string(id) + "}"), HasSubstr("\"id\": expected")) << id;
  }
  EXPECT_THAT(error_of(R"({"text": "a", "id": ")" + std::string(300, 'x') + "\"}"), HasSubstr("256 bytes"));
}

TEST(BulkLine, ABadLineKeepsItsId) { EXPECT_EQ(parse_bulk_line(R"({"id": 3, "text": 1})").id, "3"); }

TEST(BulkLine, WritesReplies) {
  EmbeddedItem item;
  item.embedding = {1, -0.5f};
  EXPECT_EQ(bulk_reply({.line = 1, .id = {}}, item, {}), "{\"line\":1,\"embedding\":[1,-0.5]}\n");
  item.tokens = 3;
  EXPECT_EQ(bulk_reply({.line = 2, .id = "\"a\""}, item, {.base64 = true}),
            "{\"line\":2,\"id\":\"a\",\"embedding\":\"AACAPwAAAL8=\",\"tokens\":3,\"truncated\":false}\n");
  EXPECT_THAT(bulk_reply({.line = 3, .id = {}}, item, {.quantize = Quantization::kInt8}),
              HasSubstr("\"embedding\":[127,-64],\"scale\":0.007874016,"));
  EXPECT_EQ(bulk_error({.line = 4, .id = "5"}, "code", "why"),
            "{\"line\":4,\"id\":5,\"error\":{\"code\":\"code\",\"message\":\"why\"}}\n");
}

}  // namespace
}  // namespace mobileclip::proto
