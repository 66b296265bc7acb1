// Images that come as bytes: a raw body or the files of a form. Nothing is copied; each image keeps the body alive.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/runtime/engine.h"
#include "server/http/message.h"

namespace mobileclip::server {

/// `bytes` lies in `body`.
ImageBytes image_in(const SharedBody& body, std::string_view bytes);

/// Takes a field that is no file; returns what is wrong with it.
using FieldReader = std::function<std::optional<Error>(std::string_view name, std::string_view value)>;

/// Files (parts with a filename or an image's type) are appended to `images` in their order, other fields go to
/// `read_field`. kInvalidArgument as parse_multipart.
std::optional<Error> read_form(const SharedBody& body, std::string_view boundary,
                               std::vector<Result<ImageBytes>>& images, const FieldReader& read_field);

}  // namespace mobileclip::server
