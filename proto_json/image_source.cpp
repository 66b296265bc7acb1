#include "proto_json/image_source.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "engine/base/base64.h"

namespace mobileclip::proto {
namespace {

constexpr std::size_t kMaxDataUriPrefix = 256;  // "data:" to ",": no media type is longer

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_prefix) {
  return text.size() >= lower_prefix.size() &&
         std::equal(lower_prefix.begin(), lower_prefix.end(), text.begin(),
                    [](char p, char c) { return p == std::tolower(static_cast<unsigned char>(c)); });
}

/// Where the payload of `data:[<media type>];base64,<payload>` begins; 0 where `text` is no data URI.
Result<std::size_t> payload_offset(std::string_view text) {
  if (!starts_with_ignoring_case(text, "data:")) return std::size_t{0};
  const std::size_t comma = text.substr(0, kMaxDataUriPrefix).find(',');
  if (comma == std::string_view::npos) {
    return Error{ErrorCode::kInvalidArgument, "invalid data URI: no \",\" after the media type"};
  }
  const std::string_view media_type = text.substr(5, comma - 5);
  const std::size_t last_parameter = media_type.rfind(';');
  if (last_parameter == std::string_view::npos || media_type.size() - last_parameter != 7 ||
      !starts_with_ignoring_case(media_type.substr(last_parameter), ";base64")) {
    return Error{ErrorCode::kInvalidArgument, "invalid data URI: expected data:<media type>;base64,<data>"};
  }
  if (last_parameter != 0 && !starts_with_ignoring_case(media_type, "image/") &&
      !starts_with_ignoring_case(media_type, "application/octet-stream")) {
    return Error{ErrorCode::kInvalidArgument,
                 "invalid data URI: expected the media type image/* or application/octet-stream"};
  }
  return comma + 1;
}

}  // namespace

ImageBytes own_bytes(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  return {.bytes = std::as_bytes(std::span(*owner)), .owner = owner};
}

Result<ImageBytes> image_from_text(std::string text) {
  if (starts_with_ignoring_case(text, "http://") || starts_with_ignoring_case(text, "https://")) {
    return Error{
        ErrorCode::kInvalidArgument,
        "invalid base64: this is a URL, and images are not fetched; send the image itself, as base64 or as a data URI"};
  }
  const Result<std::size_t> offset = payload_offset(text);
  if (!offset) return offset.error();
  if (auto error = decode_base64(text, *offset)) return *std::move(error);
  if (text.empty()) return Error{ErrorCode::kInvalidArgument, "the image is empty"};
  return own_bytes(std::move(text));
}

}  // namespace mobileclip::proto
