#include "server/http/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

using ::testing::HasSubstr;

std::string failure(const std::string& body, const MultipartLimits& limits = {}) {
  const auto parts = parse_multipart(body, "B", limits);
  return parts ? "no error" : parts.error().message;
}

constexpr const char* kField = "Content-Disposition: form-data; name=\"f\"\r\n\r\n";

TEST(Multipart, ReadsFilesAndFields) {
  const std::string body =
      "--B\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na cat\r\n"
      "--B  \r\ncontent-disposition: form-data; name=file; filename=\"a\\\"b.png\"\r\nContent-Type: image/PNG; "
      "q=1\r\nX-Other: 1\r\n\r\n"
      "\x89PNG\r\n--\r\n--A\r\n\r\n"
      "--B--\r\n";
  const auto parts = parse_multipart(body, "B");
  ASSERT_TRUE(parts.ok()) << parts.error().message;
  ASSERT_EQ(parts->size(), 2u);
  const MultipartPart& text = (*parts)[0];
  EXPECT_EQ(text.name, "text");
  EXPECT_FALSE(text.filename);
  EXPECT_EQ(text.body, "a cat");
  const MultipartPart& file = (*parts)[1];
  EXPECT_EQ(file.name, "file");
  EXPECT_EQ(file.filename, "a\"b.png");
  EXPECT_EQ(file.content_type, "image/png");
  EXPECT_EQ(file.body, "\x89PNG\r\n--\r\n--A\r\n");
  EXPECT_TRUE(file.body.data() >= body.data() && file.body.data() < body.data() + body.size()) << "copied";
}

TEST(Multipart, ReadsEmptyPartsAndEmptyForms) {
  EXPECT_EQ(parse_multipart("--B--", "B")->size(), 0u);
  EXPECT_EQ(parse_multipart("\r\n--B--\r\n", "B")->size(), 0u);
  EXPECT_EQ(parse_multipart(std::string("--B\r\n") + kField + "\r\n--B--", "B")->at(0).body, "");
  EXPECT_EQ(parse_multipart(std::string("--B\r\n") + kField + "--B--", "B")->at(0).body, "");
}

TEST(Multipart, SaysWhatIsWrong) {
  const std::string part = std::string("--B\r\n") + kField;
  EXPECT_THAT(failure(""), HasSubstr("does not begin with the boundary"));
  EXPECT_THAT(failure("preamble\r\n--B--"), HasSubstr("does not begin with the boundary"));
  EXPECT_THAT(failure("--B"), HasSubstr("part 0: no line break"));
  EXPECT_THAT(failure("--B\n"), HasSubstr("part 0: no line break"));
  EXPECT_THAT(failure("--Bx\r\n"), HasSubstr("part 0: no line break"));
  EXPECT_THAT(failure(part + "x"), HasSubstr("closing boundary is missing"));
  EXPECT_THAT(failure(part + "x\n--B--"), HasSubstr("closing boundary is missing"));
  EXPECT_THAT(failure(part + "x\r\n--B-- trailing"), HasSubstr("after the closing boundary"));
  EXPECT_THAT(failure("--B\r\n\r\nx\r\n--B--"), HasSubstr("part 0"));
  EXPECT_THAT(failure("--B\r\nContent-Type: image/png\r\n\r\nx\r\n--B--"), HasSubstr("no Content-Disposition"));
  EXPECT_THAT(failure("--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--"), HasSubstr("form-data"));
  EXPECT_THAT(failure("--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--"), HasSubstr("no name"));
  EXPECT_THAT(failure("--B\r\nno colon\r\n\r\nx\r\n--B--"), HasSubstr("without \":\""));
  EXPECT_THAT(failure(part + "x\r\n--B\r\nContent-Transfer-Encoding: base64\r\n" + kField + "x\r\n--B--"),
              HasSubstr("part 1: a Content-Transfer-Encoding"));
}

TEST(Multipart, IsBounded) {
  std::string many;
  for (int i = 0; i < 3; ++i) many += std::string("--B\r\n") + kField + "x\r\n";
  many += "--B--";
  EXPECT_EQ(failure(many, {.max_parts = 3}), "no error");
  EXPECT_THAT(failure(many, {.max_parts = 2}), HasSubstr("more than 2 parts"));
  const std::string long_header = "--B\r\nX: " + std::string(5000, 'x') + "\r\n" + kField + "x\r\n--B--";
  EXPECT_THAT(failure(long_header), HasSubstr("do not end within 4096 bytes"));
}

// Whatever is cut off or changed, the parser answers and its views stay inside the body (checked under ASan).
TEST(Multipart, SurvivesEveryTruncationAndEveryByte) {
  const std::string body = std::string("--B\r\n") + kField + "abc\r\n--B\r\n" + kField + "\r\n--B--\r\n";
  std::size_t bytes = 0;
  const auto sum = [&](std::string_view text) {
    const auto parts = parse_multipart(text, "B");
    if (!parts) return;
    for (const auto& part : *parts)
      bytes += static_cast<std::size_t>(std::count(part.body.begin(), part.body.end(), 'b'));
  };
  for (std::size_t length = 0; length <= body.size(); ++length) {
    const std::string exact = body.substr(0, length);
    sum(exact);
    for (const char c : {'\0', '\r', '\n', '-', 'B', '"', ';', ':'}) {
      std::string changed = body;
      if (length < body.size()) changed[length] = c;
      sum(changed);
    }
  }
  EXPECT_GT(bytes, 0u);
}

TEST(Multipart, KnowsABoundary) {
  EXPECT_TRUE(is_valid_boundary("----WebKitFormBoundary7MA4YWxkTrZu0gW"));
  EXPECT_TRUE(is_valid_boundary("a b"));
  EXPECT_FALSE(is_valid_boundary(""));
  EXPECT_FALSE(is_valid_boundary("a "));
  EXPECT_FALSE(is_valid_boundary("a\r\nb"));
  EXPECT_FALSE(is_valid_boundary(std::string(71, 'a')));
}

}  // namespace
}  // namespace mobileclip::server
