// What a client would rather have, of Accept and Accept-Encoding (RFC 9110 section 12.5): lists with quality values.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace mobileclip::server {

/// Index of the media type in `available` (lower case) that `accept` likes best: by quality, then by how exactly it is
/// named, then by the order of `available`. nullopt where it accepts none. Elements that are malformed count for
/// nothing.
std::optional<std::size_t> choose_media_type(std::string_view accept, std::span<const std::string_view> available);

/// Whether gzip is acceptable and not less welcome than the plain body.
bool prefers_gzip(std::string_view accept_encoding);

}  // namespace mobileclip::server
