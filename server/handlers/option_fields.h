// Options that come as text: query parameters and multipart fields.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "engine/base/result.h"
#include "proto_json/requests.h"

namespace mobileclip::server {

using OptionNames = std::span<const std::string_view>;
inline constexpr std::string_view kImageOptions[] = {"model",           "normalize", "dimensions",
                                                     "encoding_format", "dtype",     "quantize"};
inline constexpr std::string_view kTextOptions[] = {"model",       "normalize",       "dimensions", "truncate",
                                                    "prompt_name", "encoding_format", "dtype",      "quantize"};
inline constexpr std::string_view kSimilarityOptions[] = {"model", "normalize", "dimensions", "truncate",
                                                          "prompt_name"};

/// kInvalidArgument for a name that is not among `known` (naming both) or a value of another type.
std::optional<Error> set_option(proto::EmbedOptions& options, std::string_view name, std::string_view value,
                                OptionNames known);

/// A whole query; an option may be given once.
Result<proto::EmbedOptions> options_from_query(std::string_view query, OptionNames known);

}  // namespace mobileclip::server
