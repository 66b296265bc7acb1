// The sockets that `serve` answers on, the admin port aside.
#pragma once

#include <boost/asio/io_context.hpp>
#include <list>
#include <vector>

#include "server/config/server_config.h"
#include "server/http/listener.h"
#include "server/http/tls_certificate.h"
#include "server/service_manager/passed_sockets.h"

namespace mobileclip::server {

/// Those that were passed stand in for server.host and server.port; server.unix_socket comes beside either. `tls` may
/// be null, else outlives them. Throws as Listener does.
std::list<Listener> make_listeners(boost::asio::io_context& io, const ServerConfig& config,
                                   const std::vector<PassedSocket>& passed, const TlsCertificate* tls);

}  // namespace mobileclip::server
