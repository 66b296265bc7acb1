#include "server/http/negotiation.h"

#include <charconv>
#include <string>
#include <vector>

#include "server/http/ascii.h"

namespace mobileclip::server {
namespace {

struct Preference {
  std::string value;  ///< lower case, without parameters
  double quality;     ///< 0: not acceptable
};

/// 0 to 1 with at most three decimals, as RFC 9110 section 12.4.2 has it.
std::optional<double> parse_quality(std::string_view text) {
  double quality = 0;
  const bool form =
      !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789.") == std::string_view::npos;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quality);
  if (!form || error != std::errc() || end != text.data() + text.size() || quality > 1) return std::nullopt;
  return quality;
}

/// `value; parameter; q=0.5`
std::optional<Preference> parse_preference(std::string_view element) {
  const std::size_t first = element.find(';');
  Preference preference{.value = to_lower(trim(element.substr(0, first))), .quality = 1};
  if (preference.value.empty()) return std::nullopt;
  while (element.find(';') != std::string_view::npos) {
    element.remove_prefix(element.find(';') + 1);
    const std::string_view parameter = trim(element.substr(0, element.find(';')));
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    const auto quality = parse_quality(parameter.substr(2));
    if (!quality) return std::nullopt;
    preference.quality = *quality;
  }
  return preference;
}

std::vector<Preference> parse_preferences(std::string_view list) {
  std::vector<Preference> preferences;
  while (!list.empty()) {
    const std::string_view element = list.substr(0, list.find(','));
    list.remove_prefix(std::min(element.size() + 1, list.size()));
    if (auto preference = parse_preference(element)) preferences.push_back(*std::move(preference));
  }
  return preferences;
}

/// 3: named, 2: its type/*, 1: */*, 0: not meant.
int exactness(std::string_view range, std::string_view type) {
  if (range == type) return 3;
  if (range == "*/*") return 1;
  const bool whole_type = range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1));
  return whole_type ? 2 : 0;
}

struct Match {
  double quality = 0;
  int exactness = 0;
};

/// The most exact range decides, whatever others say.
Match match(const std::vector<Preference>& preferences, std::string_view type) {
  Match best;
  for (const Preference& range : preferences) {
    const int exact = exactness(range.value, type);
    if (exact > best.exactness) best = {.quality = range.quality, .exactness = exact};
  }
  return best;
}

}  // namespace

std::optional<std::size_t> choose_media_type(std::string_view accept, std::span<const std::string_view> available) {
  const std::vector<Preference> preferences = parse_preferences(accept);
  std::optional<std::size_t> chosen;
  Match best;
  for (std::size_t i = 0; i < available.size(); ++i) {
    const Match found = match(preferences, available[i]);
    const bool better =
        found.quality > best.quality || (found.quality == best.quality && found.exactness > best.exactness);
    if (found.quality <= 0 || !better) continue;
    chosen = i;
    best = found;
  }
  return chosen;
}

bool prefers_gzip(std::string_view accept_encoding) {
  std::optional<double> gzip;
  std::optional<double> identity;
  std::optional<double> any;
  for (const Preference& coding : parse_preferences(accept_encoding)) {
    if (coding.value == "gzip" || coding.value == "x-gzip") gzip = coding.quality;
    if (coding.value == "identity") identity = coding.quality;
    if (coding.value == "*") any = coding.quality;
  }
  const double quality = gzip.value_or(any.value_or(0));
  return quality > 0 && quality >= identity.value_or(0);
}

}  // namespace mobileclip::server
