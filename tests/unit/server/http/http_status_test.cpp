#include "server/http/http_status.h"

#include <gtest/gtest.h>

#include <set>

namespace mobileclip::server {
namespace {

// The protocol: changing a line here changes it for every client.
TEST(HttpStatus, EveryCodeHasItsStatusAndName) {
  const struct {
    ErrorCode code;
    unsigned status;
    std::string_view name;
  } kProtocol[] = {
      {ErrorCode::kInvalidArgument, 400, "invalid_argument"},
      {ErrorCode::kInvalidText, 400, "invalid_text"},
      {ErrorCode::kTextTooLong, 422, "text_too_long"},
      {ErrorCode::kUnsupportedImage, 415, "unsupported_image"},
      {ErrorCode::kInvalidImage, 422, "invalid_image"},
      {ErrorCode::kImageTooLarge, 413, "image_too_large"},
      {ErrorCode::kOverloaded, 429, "overloaded"},
      {ErrorCode::kDeadlineExceeded, 504, "deadline_exceeded"},
      {ErrorCode::kCancelled, 503, "cancelled"},
      {ErrorCode::kUnavailable, 503, "unavailable"},
      {ErrorCode::kInternal, 500, "internal"},
  };
  std::set<std::string_view> names;
  for (const auto& [code, status, name] : kProtocol) {
    EXPECT_EQ(http_status(code), status) << name;
    EXPECT_EQ(error_name(code), name);
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

}  // namespace
}  // namespace mobileclip::server
