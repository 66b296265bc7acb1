// multipart/form-data (RFC 7578) over a body that is already there: parts are views into it, nothing is copied.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace mobileclip::server {

struct MultipartPart {
  std::string name;
  std::optional<std::string> filename;  ///< as the client sent it: for nothing but telling files from fields
  std::string content_type;             ///< without parameters, lower case; empty where none was given
  std::string_view body;                ///< lies in the parsed text
};

struct MultipartLimits {
  std::size_t max_parts = 1024;
  std::size_t max_header_bytes = 4096;  ///< a part
};

/// Strict: every line ends in CRLF, nothing but line breaks stands before the first delimiter or after the last, every
/// part is form-data with a name and without a transfer encoding. Errors are kInvalidArgument and name the part.
Result<std::vector<MultipartPart>> parse_multipart(std::string_view body, std::string_view boundary,
                                                   const MultipartLimits& limits = {});

/// Whether `boundary` is one (RFC 2046 section 5.1.1): 1 to 70 of its characters, the last no space.
bool is_valid_boundary(std::string_view boundary);

}  // namespace mobileclip::server
