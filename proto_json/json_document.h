// Reading JSON strictly and within bounds. Internal to proto_json: the only headers here that name nlohmann::json are
// this one and json_fields.h.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "engine/base/result.h"

namespace mobileclip::proto {

struct JsonLimits {
  std::size_t max_depth = 64;          ///< arrays and objects within each other
  std::size_t max_values = 1'000'000;  ///< in all: a document of "[]," takes twenty times its own size in memory
};

/// RFC 8259. Where it leaves a choice: a lone surrogate, invalid UTF-8 and a number beyond double's range are errors; a
/// name given twice in one object has no value, for nobody can say which was meant: json::is_discarded(). All errors
/// are kInvalidArgument and name the byte.
Result<nlohmann::json> parse_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace mobileclip::proto
