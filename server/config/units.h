// Values as people write them, in YAML, in the environment and on the command line: "64MiB", "30s", "true", "8080".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mobileclip::server {

/// Decimal digits with an optional minus sign and nothing else. nullopt for anything else and what does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text);

/// true/false, yes/no, on/off, 1/0, in any case.
std::optional<bool> parse_boolean(std::string_view text);

/// Bytes. A whole number and a unit: B, KiB, MiB, GiB, TiB (powers of 1024), kB, MB, GB, TB (powers of 1000), in any
/// case, a space between them allowed; bytes without a unit. nullopt for anything else and what does not fit.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// With the largest power of 1024 that leaves a whole number: "64MiB", "1000B".
std::string format_size(std::uint64_t bytes);

/// A whole number and a unit: us, ms, s, m, h, a space between them allowed; 0 needs none. nullopt for anything else,
/// and for more than a year.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);
/// With the largest unit up to seconds that leaves a whole number: "30s", "1500ms".
std::string format_duration(std::chrono::microseconds duration);

}  // namespace mobileclip::server
