// An absolute limit on one phase of a connection (idle, head, body, write): when it passes, what the socket is waiting
// for ends with operation_aborted.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>

namespace mobileclip::server {

/// Used on the socket's executor only; must not outlive the socket. One arm() ends the one before.
class PhaseTimer {
 public:
  explicit PhaseTimer(boost::asio::ip::tcp::socket& socket);
  ~PhaseTimer();
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

  void arm(std::chrono::milliseconds limit);
  void disarm();
  /// Whether the limit last armed has passed.
  [[nodiscard]] bool expired() const { return state_->expired; }

 private:
  // Shared with pending waits, which may be called after this object is gone.
  struct State {
    boost::asio::ip::tcp::socket* socket;
    std::uint64_t phase = 0;
    bool expired = false;
  };
  std::shared_ptr<State> state_;
  boost::asio::steady_timer timer_;
};

}  // namespace mobileclip::server
