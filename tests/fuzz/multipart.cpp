// A multipart body. The boundary is what stands before the first line break, as in most bodies: "--boundary\r\n…".
#include "server/http/multipart.h"

#include "tests/fuzz/check.h"

namespace mobileclip::server {
namespace {

void run(std::string_view text) {
  const std::string_view line = text.substr(0, text.find("\r\n"));
  const std::string_view boundary = line.starts_with("--") ? line.substr(2) : line;
  if (!is_valid_boundary(boundary)) return;
  constexpr MultipartLimits kLimits{.max_parts = 16, .max_header_bytes = 512};
  const auto parts = parse_multipart(text, boundary, kLimits);
  if (!parts) {
    CHECK(parts.error().code == ErrorCode::kInvalidArgument && !parts.error().message.empty());
    return;
  }
  CHECK(parts->size() <= kLimits.max_parts);
  const std::string delimiter = "\r\n--" + std::string(boundary);
  std::string again;
  const char* after = text.data();
  for (const MultipartPart& part : *parts) {
    CHECK(fuzz::lies_in(part.body, text));
    CHECK(part.body.find(delimiter) == std::string_view::npos);
    if (!part.body.empty()) {
      CHECK(part.body.data() >= after);
      after = part.body.data() + part.body.size();
    }
    again += delimiter.substr(again.empty() ? 2 : 0) + "\r\nContent-Disposition: form-data; name=f\r\n\r\n";
    again += part.body;
  }
  if (parts->empty()) return;
  // The bodies written anew are read as they were.
  again += delimiter + "--\r\n";
  const auto same = parse_multipart(again, boundary, kLimits);
  CHECK(same && same->size() == parts->size());
  for (std::size_t i = 0; i < parts->size(); ++i) CHECK((*same)[i].body == (*parts)[i].body);
}

}  // namespace
}  // namespace mobileclip::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mobileclip::server::run(mobileclip::fuzz::text_of(data, size));
  return 0;
}
