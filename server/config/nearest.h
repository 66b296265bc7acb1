// "Did you mean …?" for names nobody knows.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mobileclip::server {

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that `name` was probably meant to be; nullopt where none is near enough to be worth suggesting.
std::optional<std::string> nearest(std::string_view name, std::span<const std::string> candidates);

/// "; did you mean 'port'?", or nothing.
std::string suggestion(std::string_view name, std::span<const std::string> candidates);

}  // namespace mobileclip::server
