#include "server/cli/stop_signals.h"

#include <csignal>
#include <initializer_list>

namespace mobileclip::server {
namespace {

volatile std::sig_atomic_t received_signal = 0;  // a handler can reach nothing but globals

void note(int signal) { received_signal = signal; }

}  // namespace

StopSignals::StopSignals() {
  received_signal = 0;
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

StopSignals::~StopSignals() {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
}

int StopSignals::received() const { return received_signal; }

}  // namespace mobileclip::server
