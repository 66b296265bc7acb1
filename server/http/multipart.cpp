#include "server/http/multipart.h"

#include <algorithm>

#include "server/http/ascii.h"
#include "server/http/media_type.h"

namespace mobileclip::server {
namespace {

Error malformed(const std::string& what) { return {ErrorCode::kInvalidArgument, "invalid multipart body: " + what}; }

bool is_identity_encoding(std::string_view value) {
  return equals_ignoring_case(value, "binary") || equals_ignoring_case(value, "8bit") ||
         equals_ignoring_case(value, "7bit");
}

/// Reads one header line of a part. Unknown ones are skipped, as RFC 7578 section 4.8 wants it.
std::optional<std::string> read_header(std::string_view line, MultipartPart& part, bool& disposed) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return "a header without \":\"";
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (equals_ignoring_case(name, "Content-Disposition")) {
    const auto disposition = parse_parameterized(value);
    if (disposed || !disposition || disposition->value != "form-data")
      return "expected one Content-Disposition: form-data";
    const std::string* field = disposition->find("name");
    if (field == nullptr) return "its Content-Disposition has no name";
    part.name = *field;
    if (const std::string* filename = disposition->find("filename")) part.filename = *filename;
    disposed = true;
  } else if (equals_ignoring_case(name, "Content-Type")) {
    const auto type = parse_parameterized(value);
    if (!type) return "a Content-Type that is none";
    part.content_type = type->value;
  } else if (equals_ignoring_case(name, "Content-Transfer-Encoding") && !is_identity_encoding(value)) {
    return "a Content-Transfer-Encoding (RFC 7578 does without; send the bytes as they are)";
  }
  return std::nullopt;
}

/// Takes the headers, and the empty line that ends them, off the front of `rest`. Returns what is wrong with them.
std::optional<std::string> take_headers(std::string_view& rest, std::size_t max_bytes, MultipartPart& part) {
  const std::size_t end = rest.substr(0, max_bytes + 4).find("\r\n\r\n");
  if (end == std::string_view::npos) return "its headers do not end within " + std::to_string(max_bytes) + " bytes";
  std::string_view lines = rest.substr(0, end + 2);
  rest.remove_prefix(end + 4);
  bool disposed = false;
  while (!lines.empty()) {
    const std::size_t line_end = lines.find("\r\n");
    if (auto error = read_header(lines.substr(0, line_end), part, disposed)) return error;
    lines.remove_prefix(line_end + 2);
  }
  if (!disposed) return "it has no Content-Disposition: form-data";
  return std::nullopt;
}

}  // namespace

bool is_valid_boundary(std::string_view boundary) {
  return !boundary.empty() && boundary.size() <= 70 && boundary.back() != ' ' &&
         consists_of_alphanumerics_and("'()+_,-./:=? ", boundary);
}

Result<std::vector<MultipartPart>> parse_multipart(std::string_view body, std::string_view boundary,
                                                   const MultipartLimits& limits) {
  const std::string delimiter = "\r\n--" + std::string(boundary);
  std::string_view rest = body;
  if (rest.starts_with("\r\n")) rest.remove_prefix(2);
  if (!rest.starts_with(std::string_view(delimiter).substr(2))) {
    return malformed("it does not begin with the boundary that Content-Type names");
  }
  rest.remove_prefix(delimiter.size() - 2);

  std::vector<MultipartPart> parts;
  while (!rest.starts_with("--")) {
    const std::string where = "part " + std::to_string(parts.size()) + ": ";
    if (parts.size() == limits.max_parts) return malformed("more than " + std::to_string(limits.max_parts) + " parts");
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));  // transport padding
    if (!rest.starts_with("\r\n")) return malformed(where + "no line break after its boundary");
    rest.remove_prefix(2);
    MultipartPart& part = parts.emplace_back();
    if (auto error = take_headers(rest, limits.max_header_bytes, part)) return malformed(where + *error);
    // A part may be empty: then its delimiter's line break is the one that ended the headers.
    const std::string_view from = body.substr(static_cast<std::size_t>(rest.data() - body.data()) - 2);
    const std::size_t next = from.find(delimiter);
    if (next == std::string_view::npos) return malformed(where + "the closing boundary is missing");
    part.body = next == 0 ? std::string_view() : from.substr(2, next - 2);
    rest = from.substr(next + delimiter.size());
  }
  rest.remove_prefix(2);
  if (rest.find_first_not_of("\r\n \t") != std::string_view::npos) return malformed("bytes after the closing boundary");
  return parts;
}

}  // namespace mobileclip::server
