// An absolute limit on one phase of a connection (idle, head, body, write): when it passes, what the socket is waiting
// for ends with operation_aborted.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace mobileclip::server {

class Socket;

/// Used on the socket's executor only; must not outlive the socket. One arm() ends the one before.
class PhaseTimer {
 public:
  explicit PhaseTimer(Socket& socket);
  ~PhaseTimer();
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

  void arm(std::chrono::milliseconds limit);
  void disarm();
  /// Whether the limit last armed has passed, or was cut short.
  [[nodiscard]] bool expired() const { return state_->expired; }

  /// A function for any thread that makes the limit last armed pass at once, unless that phase is over by then. May be
  /// called after this object is gone.
  [[nodiscard]] std::function<void()> cut_short() const;
  /// Whether such a function ended a phase: the connection is to be given up for others.
  [[nodiscard]] bool was_cut_short() const { return state_->cut_short; }

 private:
  // Shared with pending waits, which may be called after this object is gone.
  struct State {
    Socket* socket;
    std::uint64_t phase = 0;
    bool expired = false;
    bool cut_short = false;

    bool expire(std::uint64_t ending);  ///< false where that phase is over
  };
  std::shared_ptr<State> state_;
  boost::asio::steady_timer timer_;
};

}  // namespace mobileclip::server
