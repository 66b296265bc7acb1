#include "server/http/phase_timer.h"

#include <boost/asio/post.hpp>

#include "server/http/socket.h"

namespace mobileclip::server {

bool PhaseTimer::State::expire(std::uint64_t ending) {
  // What had fired before it could be cancelled belongs to a phase that is over.
  if (socket == nullptr || phase != ending) return false;
  expired = true;
  socket->cancel();
  return true;
}

PhaseTimer::PhaseTimer(Socket& socket)
    : state_(std::make_shared<State>(State{.socket = &socket})), timer_(socket.get_executor()) {}

PhaseTimer::~PhaseTimer() { state_->socket = nullptr; }

void PhaseTimer::arm(std::chrono::milliseconds limit) {
  state_->expired = false;
  const std::uint64_t phase = ++state_->phase;
  timer_.expires_after(limit);
  timer_.async_wait([state = state_, phase](const boost::system::error_code& error) {
    if (!error) state->expire(phase);
  });
}

std::function<void()> PhaseTimer::cut_short() const {
  return [state = state_, phase = state_->phase, executor = state_->socket->get_executor()] {
    boost::asio::post(executor, [state, phase] {
      if (state->expire(phase)) state->cut_short = true;
    });
  };
}

void PhaseTimer::disarm() {
  ++state_->phase;
  timer_.cancel();
}

}  // namespace mobileclip::server
