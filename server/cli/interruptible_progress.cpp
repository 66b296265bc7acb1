#include "server/cli/interruptible_progress.h"

#include <cstdint>
#include <string_view>

namespace mobileclip::server {

Interrupted::Interrupted(int signal)
    : signal_(signal), message_("stopped by signal " + std::to_string(signal) + ", nothing half-written is left") {}

Progress InterruptibleProgress::callback() {
  return [this, show = bar_.callback()](std::string_view what, std::uint64_t done, std::uint64_t total) {
    if (signals_.received() != 0) throw Interrupted(signals_.received());
    if (show) show(what, done, total);
  };
}

}  // namespace mobileclip::server
