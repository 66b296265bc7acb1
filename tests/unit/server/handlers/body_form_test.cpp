#include "server/handlers/body_form.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

std::variant<RequestBodyForm, HttpError> form_of(const char* content_type) {
  RequestHead head;
  if (content_type != nullptr) head.headers.add("Content-Type", content_type);
  return body_form(head, {BodyForm::kRawImage, BodyForm::kMultipart, BodyForm::kJson});
}

TEST(BodyForm, FollowsTheContentType) {
  EXPECT_EQ(std::get<RequestBodyForm>(form_of("application/json")).form, BodyForm::kJson);
  EXPECT_EQ(std::get<RequestBodyForm>(form_of("Application/JSON; charset=\"utf-8\"")).form, BodyForm::kJson);
  EXPECT_EQ(std::get<RequestBodyForm>(form_of("image/webp")).form, BodyForm::kRawImage);
  EXPECT_EQ(std::get<RequestBodyForm>(form_of(nullptr)).form, BodyForm::kRawImage);
  const auto form = std::get<RequestBodyForm>(form_of("multipart/form-data; boundary=\"a b\""));
  EXPECT_EQ(form.form, BodyForm::kMultipart);
  EXPECT_EQ(form.boundary, "a b");
}

TEST(BodyForm, RefusesOthers) {
  for (const char* bad : {"text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16",
                          "nonsense;", "", "multipart/mixed; boundary=a"}) {
    EXPECT_EQ(std::get<HttpError>(form_of(bad)).status, 415u) << bad;
  }
  for (const char* bad :
       {"multipart/form-data", "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=\"a \""}) {
    EXPECT_EQ(std::get<HttpError>(form_of(bad)).status, 400u) << bad;
  }
}

TEST(BodyForm, TakesOnlyWhatTheRouteAccepts) {
  RequestHead head;
  head.headers.add("Content-Type", "image/png");
  const auto refused = body_form(head, {BodyForm::kJson});
  EXPECT_EQ(std::get<HttpError>(refused).status, 415u);
  EXPECT_EQ(std::get<HttpError>(refused).message, "expected Content-Type application/json");
}

TEST(BodyForm, JsonNeedNotSayThatItIs) {
  RequestHead head;
  EXPECT_FALSE(refuse_unless_json(head));
  head.headers.add("Content-Type", "application/json; charset=utf-8");
  EXPECT_FALSE(refuse_unless_json(head));
  RequestHead other;
  other.headers.add("Content-Type", "text/plain");
  EXPECT_EQ(refuse_unless_json(other)->status, 415u);
}

}  // namespace
}  // namespace mobileclip::server
