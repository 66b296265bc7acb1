#include "server/listeners.h"

namespace mobileclip::server {

std::list<Listener> make_listeners(boost::asio::io_context& io, const ServerConfig& config,
                                   const std::vector<PassedSocket>& passed, const TlsCertificate* tls) {
  std::list<Listener> listeners;
  for (const PassedSocket socket : passed) listeners.emplace_back(io, socket, tls);
  if (passed.empty()) listeners.emplace_back(io, config.host, config.port, tls);
  if (!config.unix_socket.empty()) listeners.emplace_front(io, config.unix_socket, config.unix_socket_mode);
  return listeners;
}

}  // namespace mobileclip::server
