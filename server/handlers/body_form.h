// In which form a request carries its input, by its Content-Type.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <variant>

#include "server/http/message.h"

namespace mobileclip::server {

enum class BodyForm { kJson, kMultipart, kRawImage };

struct RequestBodyForm {
  BodyForm form;
  std::string boundary;  ///< of kMultipart
};

/// The form, or the 415 (400 for a multipart type without a usable boundary) that names what is accepted. A raw image
/// may come without a Content-Type (RFC 9110 section 8.3: it is then application/octet-stream).
std::variant<RequestBodyForm, HttpError> body_form(const RequestHead& head, std::initializer_list<BodyForm> accepted);

/// The 415 for a body that says it is something else than JSON. One that says nothing is taken for JSON: some clients
/// of the compatible protocols leave the type out.
std::optional<HttpError> refuse_unless_json(const RequestHead& head);

}  // namespace mobileclip::server
