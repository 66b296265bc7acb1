#include "engine/base/base64.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace mobileclip {
namespace {

using ::testing::HasSubstr;

std::string decoded(std::string text, std::size_t offset = 0) {
  const auto error = decode_base64(text, offset);
  return error ? "error: " + error->message : text;
}

/// The obvious encoder, as oracle.
std::string encode(const std::string& bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? '=' : kAlphabet[bits >> (18 - 6 * j) & 63];
  }
  return text;
}

// RFC 4648 section 10.
TEST(Base64, DecodesTheTestVectors) {
  EXPECT_EQ(decoded(""), "");
  EXPECT_EQ(decoded("Zg=="), "f");
  EXPECT_EQ(decoded("Zm8="), "fo");
  EXPECT_EQ(decoded("Zm9v"), "foo");
  EXPECT_EQ(decoded("Zm9vYg=="), "foob");
  EXPECT_EQ(decoded("Zm9vYmE="), "fooba");
  EXPECT_EQ(decoded("Zm9vYmFy"), "foobar");
}

TEST(Base64, DecodesEveryLengthAndEveryByte) {
  std::mt19937 random(1);
  for (std::size_t length = 0; length < 300; ++length) {
    std::string bytes(length, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_EQ(decoded(encode(bytes)), bytes) << length;
    EXPECT_EQ(decoded("data:," + encode(bytes), 6), bytes) << length;
  }
}

TEST(Base64, EncodesEveryLength) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(encode_base64(std::as_bytes(std::span(bytes))), encode(bytes));
    bytes += static_cast<char>(i * 37);
  }
}

TEST(Base64, RefusesWhatIsNotStrict) {
  EXPECT_THAT(decoded("Zg"), HasSubstr("multiple of 4"));
  EXPECT_THAT(decoded("Zg="), HasSubstr("multiple of 4"));
  EXPECT_THAT(decoded("Zm9v\n"), HasSubstr("multiple of 4"));
  EXPECT_THAT(decoded("Zm 9v A="), HasSubstr("offset 2"));
  EXPECT_THAT(decoded("Zm9vZm9-"), HasSubstr("offset 7")) << "the URL-safe alphabet is another one";
  EXPECT_THAT(decoded("Zm9=Zm9v"), HasSubstr("offset 3")) << "padding in the middle";
  EXPECT_THAT(decoded("Z==="), HasSubstr("invalid base64"));
  EXPECT_THAT(decoded("===="), HasSubstr("offset 0"));
  EXPECT_THAT(decoded("Zh=="), HasSubstr("bits after the last byte"));
  EXPECT_THAT(decoded("Zm9="), HasSubstr("bits after the last byte"));
}

TEST(Base64, RefusesEveryCharacterOutsideTheAlphabet) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int c = 0; c < 256; ++c) {
    for (std::size_t at = 0; at < 4; ++at) {
      std::string text = "AAAAAAAA";
      text[at] = static_cast<char>(c);
      const bool valid = kAlphabet.find(static_cast<char>(c)) != std::string_view::npos;
      EXPECT_EQ(!decode_base64(text), valid) << c << " at " << at;
    }
  }
}

TEST(Base64, EncodesAsTheRfcHasIt) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) EXPECT_EQ(encode_base64(std::as_bytes(std::span(bytes))), text);
  std::string every;
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  std::string back = encode_base64(std::as_bytes(std::span(every)));
  EXPECT_FALSE(decode_base64(back));
  EXPECT_EQ(back, every);
}

}  // namespace
}  // namespace mobileclip
