// What a service manager such as systemd puts into our environment for us.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "server/config/environment.h"

namespace mobileclip::server {

/// The variable's value, or "" where there is none.
std::string_view variable(const Environment& environment, std::string_view name);

/// Whether the variable, $LISTEN_PID or $WATCHDOG_PID, names this process: a child that inherits its parent's
/// environment must not take what was meant for the parent.
bool names_this_process(const Environment& environment, std::string_view name);

/// A whole number of `least` or more, or nothing where the variable is not there. Throws std::runtime_error naming the
/// variable, what was expected and what was found.
std::optional<std::int64_t> whole_number(const Environment& environment, std::string_view name, std::int64_t least);

/// How long we may be silent before the service manager takes us for dead: $WATCHDOG_USEC, unless $WATCHDOG_PID names
/// another process. Nothing where nobody watches. Throws as whole_number().
std::optional<std::chrono::microseconds> watchdog_timeout(const Environment& environment);

}  // namespace mobileclip::server
