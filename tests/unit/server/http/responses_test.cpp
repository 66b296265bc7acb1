#include "server/http/responses.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

TEST(Responses, ErrorsCarryStatusAndCode) {
  const Response response = error_response(Error{ErrorCode::kInvalidImage, "damaged"});
  EXPECT_EQ(response.status, 422u);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"error":{"code":"invalid_image","message":"damaged"}})");
  EXPECT_FALSE(response.headers.find("Retry-After"));
}

TEST(Responses, SayWhenToTryAgain) {
  EXPECT_TRUE(error_response(Error{ErrorCode::kOverloaded, ""}).headers.find("Retry-After"));
  EXPECT_TRUE(error_response(Error{ErrorCode::kUnavailable, ""}).headers.find("Retry-After"));
  EXPECT_FALSE(error_response(Error{ErrorCode::kDeadlineExceeded, ""}).headers.find("Retry-After"));
}

TEST(Responses, TheFirstBadItemDecides) {
  const ItemError errors[] = {{.index = 3, .error = {ErrorCode::kUnsupportedImage, "x"}},
                              {.index = 4, .error = {ErrorCode::kInvalidImage, "y"}}};
  const Response response = item_error_response(errors, "images");
  EXPECT_EQ(response.status, 415u);
  EXPECT_NE(response.body.find("\"index\":3,\"input\":\"images\",\"errors\":["), std::string::npos) << response.body;
  EXPECT_NE(response.body.find("\"index\":4,\"code\":\"invalid_image\""), std::string::npos) << response.body;
}

TEST(Responses, AnErrorFormatRewordsErrorsOnly) {
  const ErrorFormat format = [](const Refusal& refusal) {
    return ErrorReply{.status = refusal.status + 1, .body = refusal.code + "@" + refusal.input};
  };
  const ItemError errors[] = {{.index = 3, .error = {ErrorCode::kOverloaded, "x"}}};
  Response error = item_error_response(errors, "texts");
  const std::string native = error.body;
  apply_error_format(error, nullptr);
  EXPECT_EQ(error.body, native);
  apply_error_format(error, format);
  EXPECT_EQ(error.body, "overloaded@texts");
  EXPECT_EQ(error.status, 430u);
  EXPECT_TRUE(error.headers.find("Retry-After"));
  Response good = json_response("{}");
  apply_error_format(good, format);
  EXPECT_EQ(good.body, "{}");
}

}  // namespace
}  // namespace mobileclip::server
