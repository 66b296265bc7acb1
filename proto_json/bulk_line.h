// POST /embed/batch: one line of its request and of its reply.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "engine/base/result.h"
#include "engine/runtime/engine.h"
#include "proto_json/output_options.h"

namespace mobileclip::proto {

inline constexpr std::size_t kMaxBulkIdBytes = 256;

using BulkInput = std::variant<std::string, ImageBytes>;  ///< a text or an image

struct BulkLine {
  std::string id;  ///< as JSON; empty where there is none. Known for bad lines too, where it can be read
  Result<BulkInput> input;
};

/// {"text": str} or {"image": base64 or data URI}, either with "id": a string or an integer of up to kMaxBulkIdBytes.
BulkLine parse_bulk_line(std::string_view line);

/// Where in the request a reply line belongs.
struct BulkPlace {
  std::size_t line;     ///< from 1, empty lines counted
  std::string_view id;  ///< as BulkLine's
};

/// {"line", "id"?, "embedding", "scale"? (int8), "tokens"? and "truncated"? (texts)} and a line break.
std::string bulk_reply(const BulkPlace& place, const EmbeddedItem& item, const OutputOptions& output);
/// {"line", "id"?, "error": {"code", "message"}} and a line break.
std::string bulk_error(const BulkPlace& place, std::string_view code, std::string_view message);

}  // namespace mobileclip::proto
