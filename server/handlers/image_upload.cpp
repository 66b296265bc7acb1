#include "server/handlers/image_upload.h"

#include "server/http/multipart.h"

namespace mobileclip::server {

ImageBytes image_in(const SharedBody& body, std::string_view bytes) {
  return {.bytes = std::as_bytes(std::span(bytes)), .owner = body};
}

std::optional<Error> read_form(const SharedBody& body, std::string_view boundary,
                               std::vector<Result<ImageBytes>>& images, const FieldReader& read_field) {
  auto parts = parse_multipart(*body, boundary);
  if (!parts) return std::move(parts).error();
  for (const MultipartPart& part : *parts) {
    const bool is_file = part.filename.has_value() || part.content_type.starts_with("image/");
    if (is_file && part.body.empty()) {
      images.emplace_back(Error{ErrorCode::kInvalidArgument, "the file is empty"});
    } else if (is_file) {
      images.emplace_back(image_in(body, part.body));
    } else if (auto error = read_field(part.name, part.body)) {
      return error;
    }
  }
  return std::nullopt;
}

}  // namespace mobileclip::server
