#include "server/service_manager/variables.h"

#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "server/config/units.h"

namespace mobileclip::server {

std::string_view variable(const Environment& environment, std::string_view name) {
  const auto found = std::ranges::find(environment, name, &Environment::value_type::first);
  return found == environment.end() ? std::string_view() : std::string_view(found->second);
}

bool names_this_process(const Environment& environment, std::string_view name) {
  return variable(environment, name) == std::to_string(::getpid());
}

std::optional<std::int64_t> whole_number(const Environment& environment, std::string_view name, std::int64_t least) {
  const std::string_view text = variable(environment, name);
  if (text.empty()) return std::nullopt;
  const auto value = parse_integer(text);
  if (!value || *value < least) {
    throw std::runtime_error(std::string(name) + ": expected an integer of " + std::to_string(least) +
                             " or more, found '" + std::string(text) + "'");
  }
  return value;
}

std::optional<std::chrono::microseconds> watchdog_timeout(const Environment& environment) {
  const auto microseconds = whole_number(environment, "WATCHDOG_USEC", 1);
  const bool for_another =
      !variable(environment, "WATCHDOG_PID").empty() && !names_this_process(environment, "WATCHDOG_PID");
  if (!microseconds || for_another) return std::nullopt;
  return std::chrono::microseconds(*microseconds);
}

}  // namespace mobileclip::server
