#include "server/http/phase_timer.h"

namespace mobileclip::server {

PhaseTimer::PhaseTimer(boost::asio::ip::tcp::socket& socket)
    : state_(std::make_shared<State>(State{.socket = &socket})), timer_(socket.get_executor()) {}

PhaseTimer::~PhaseTimer() { state_->socket = nullptr; }

void PhaseTimer::arm(std::chrono::milliseconds limit) {
  state_->expired = false;
  const std::uint64_t phase = ++state_->phase;
  timer_.expires_after(limit);
  timer_.async_wait([state = state_, phase](const boost::system::error_code& error) {
    // A wait that had fired before it could be cancelled belongs to a phase that is over.
    if (error || state->socket == nullptr || state->phase != phase) return;
    state->expired = true;
    boost::system::error_code ignored;
    state->socket->cancel(ignored);
  });
}

void PhaseTimer::disarm() {
  ++state_->phase;
  timer_.cancel();
}

}  // namespace mobileclip::server
