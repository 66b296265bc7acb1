#include "server/config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace mobileclip::server {
namespace {

template <typename Integer>
std::optional<Integer> digits(std::string_view text) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

struct Quantity {
  std::uint64_t number;
  std::string_view unit;
};

/// "64 MiB" → {64, "MiB"}
std::optional<Quantity> split(std::string_view text) {
  const std::size_t number_end = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = digits<std::uint64_t>(text.substr(0, number_end));
  if (!number) return std::nullopt;
  std::string_view unit = text.substr(number_end);
  if (unit.size() > 1 && unit.front() == ' ') unit.remove_prefix(1);
  return Quantity{*number, unit};
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

/// Ascending, the binary ones first: format_size walks those.
constexpr std::array<Unit, 9> kSizeUnits{{{"b", 1},
                                          {"kib", 1ULL << 10},
                                          {"mib", 1ULL << 20},
                                          {"gib", 1ULL << 30},
                                          {"tib", 1ULL << 40},
                                          {"kb", 1'000},
                                          {"mb", 1'000'000},
                                          {"gb", 1'000'000'000},
                                          {"tb", 1'000'000'000'000}}};
constexpr std::array<Unit, 5> kDurationUnits{
    {{"us", 1}, {"ms", 1'000}, {"s", 1'000'000}, {"m", 60'000'000}, {"h", 3'600'000'000}}};
constexpr std::uint64_t kYear = 365ULL * 24 * 3'600'000'000;  // microseconds

template <std::size_t N>
std::optional<std::uint64_t> scaled(const Quantity& quantity, std::string_view unit, const std::array<Unit, N>& units) {
  const auto found = std::ranges::find(units, unit, &Unit::name);
  if (found == units.end()) return std::nullopt;
  if (quantity.number > std::numeric_limits<std::uint64_t>::max() / found->factor) return std::nullopt;
  return quantity.number * found->factor;
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) { return digits<std::int64_t>(text); }

std::optional<bool> parse_boolean(std::string_view text) {
  const std::string word = lower(text);
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto quantity = split(text);
  if (!quantity) return std::nullopt;
  return scaled(*quantity, quantity->unit.empty() ? "b" : lower(quantity->unit), kSizeUnits);
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kNames{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes != 0 && unit + 1 < kNames.size() && bytes % kSizeUnits[unit + 1].factor == 0) ++unit;
  return std::to_string(bytes / kSizeUnits[unit].factor) + std::string(kNames[unit]);
}

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  const auto quantity = split(text);
  if (!quantity) return std::nullopt;
  if (quantity->number == 0 && quantity->unit.empty()) return std::chrono::microseconds{0};
  const auto microseconds = scaled(*quantity, quantity->unit, kDurationUnits);
  if (!microseconds || *microseconds > kYear) return std::nullopt;
  return std::chrono::microseconds{static_cast<std::int64_t>(*microseconds)};
}

std::string format_duration(std::chrono::microseconds duration) {
  const std::int64_t count = duration.count();
  if (count % 1'000'000 == 0) return std::to_string(count / 1'000'000) + "s";
  if (count % 1'000 == 0) return std::to_string(count / 1'000) + "ms";
  return std::to_string(count) + "us";
}

}  // namespace mobileclip::server
