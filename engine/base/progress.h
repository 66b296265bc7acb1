// How long-running work tells its caller how far it is; the caller decides whether and how to show it.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace mobileclip {

/// Called with what is being done, units done and units in all. May be empty. Called from the working thread.
using Progress = std::function<void(std::string_view what, std::uint64_t done, std::uint64_t total)>;

}  // namespace mobileclip
