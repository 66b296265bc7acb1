#include "engine/tokenizer/decode_text.h"

#include <cstddef>
#include <utility>

#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

// Far above what a server takes in one request; ICU counts in 31 bits.
constexpr std::size_t kMaxTextBytes = std::size_t{256} << 20;

}  // namespace

Result<std::u32string> decode_text(std::string_view utf8) {
  if (utf8.size() > kMaxTextBytes) {
    return Error{ErrorCode::kInvalidArgument, "expected a text of at most " + std::to_string(kMaxTextBytes) +
                                                  " bytes, found " + std::to_string(utf8.size())};
  }
  DecodedUtf8 decoded = decode_utf8(utf8);
  if (decoded.valid_bytes < utf8.size()) {
    return Error{ErrorCode::kInvalidText,
                 "expected UTF-8, found other bytes at offset " + std::to_string(decoded.valid_bytes)};
  }
  return std::move(decoded.text);
}

}  // namespace mobileclip
