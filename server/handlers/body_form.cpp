#include "server/handlers/body_form.h"

#include <algorithm>

#include "server/http/ascii.h"
#include "server/http/media_type.h"
#include "server/http/multipart.h"

namespace mobileclip::server {
namespace {

std::string_view description(BodyForm form) {
  switch (form) {
    case BodyForm::kJson:
      return "application/json";
    case BodyForm::kMultipart:
      return "multipart/form-data";
    case BodyForm::kRawImage:
      return "image/* or application/octet-stream";
  }
  return {};
}

HttpError unsupported(std::initializer_list<BodyForm> accepted) {
  std::string names;
  for (const BodyForm form : accepted) names += (names.empty() ? "" : ", ") + std::string(description(form));
  return {.status = 415, .code = "unsupported_media_type", .message = "expected Content-Type " + names};
}

std::optional<BodyForm> form_of(const ParameterizedValue& type) {
  if (type.value == "application/json") {
    const std::string* charset = type.find("charset");
    const bool utf8 = charset == nullptr || equals_ignoring_case(*charset, "utf-8");
    return utf8 ? std::optional(BodyForm::kJson) : std::nullopt;
  }
  if (type.value == "multipart/form-data") return BodyForm::kMultipart;
  if (type.value.starts_with("image/") || type.value == "application/octet-stream") return BodyForm::kRawImage;
  return std::nullopt;
}

}  // namespace

std::variant<RequestBodyForm, HttpError> body_form(const RequestHead& head, std::initializer_list<BodyForm> accepted) {
  const auto type = parse_parameterized(head.headers.find("Content-Type").value_or("application/octet-stream"));
  const std::optional<BodyForm> form = type ? form_of(*type) : std::nullopt;
  if (!form || std::find(accepted.begin(), accepted.end(), *form) == accepted.end()) return unsupported(accepted);
  if (*form != BodyForm::kMultipart) return RequestBodyForm{.form = *form, .boundary = {}};
  const std::string* boundary = type->find("boundary");
  if (boundary == nullptr || !is_valid_boundary(*boundary)) {
    return HttpError{.status = 400,
                     .code = "invalid_argument",
                     .message = "Content-Type multipart/form-data needs a boundary of 1 to 70 characters"};
  }
  return RequestBodyForm{.form = *form, .boundary = *boundary};
}

std::optional<HttpError> refuse_unless_json(const RequestHead& head) {
  if (!head.headers.find("Content-Type")) return std::nullopt;
  auto form = body_form(head, {BodyForm::kJson});
  if (auto* error = std::get_if<HttpError>(&form)) return std::move(*error);
  return std::nullopt;
}

}  // namespace mobileclip::server
