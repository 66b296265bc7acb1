// What we tell the service manager that started us: sd_notify(3)'s datagrams. Written out here rather than taken from
// libsystemd, which would bring its compressors and ciphers into the process for one sendmsg(): the man page calls the
// protocol stable and meant to be implemented anew.
#pragma once

#include <string>
#include <string_view>

namespace mobileclip::server {

/// Without a service manager, each function does nothing. Not even a manager that does not read holds a message up for
/// long; one that cannot be delivered is lost, as sd_notify(3) has it. Thread-safe.
class NotifySocket {
 public:
  /// `address` is $NOTIFY_SOCKET: a path, or a name in the abstract namespace that begins with '@', or "" where nobody
  /// wants to know. Throws std::runtime_error for any other and where no socket is to be had.
  explicit NotifySocket(std::string_view address);
  ~NotifySocket();
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  // `status` is a line for people: `systemctl status` shows it.
  void starting(std::string_view status) const;
  void ready(std::string_view status) const;      ///< also after reloading()
  void reloading(std::string_view status) const;  ///< ready() follows
  void stopping(std::string_view status) const;
  void alive() const;  ///< for the watchdog: to be said again within watchdog_timeout() (variables.h)

 private:
  void send(const std::string& message) const;

  int socket_ = -1;  // connected; -1: nobody wants to know
};

}  // namespace mobileclip::server
