// Writes responses, and ends connections so that the last one arrives.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "server/http/connection_table.h"
#include "server/http/message.h"
#include "server/http/phase_timer.h"

namespace mobileclip::server {

class Socket;

struct Delivery {
  int version = 11;  ///< the request's
  bool keep_alive = false;
  bool head_only = false;  ///< HEAD: Content-Length as for GET, no body
};

/// False where the client went away or the timer ended it. Takes the response's body.
boost::asio::awaitable<bool> write_response(Socket& socket, Response& response, Delivery delivery);

/// The head alone, of a response whose body follows in chunks, or for HTTP/1.0 as it is; the connection closes after
/// it.
boost::asio::awaitable<bool> write_stream_head(Socket& socket, const Response& response, int version);

/// "HTTP/1.1 100 Continue". False as above.
boost::asio::awaitable<bool> write_continue(Socket& socket);

/// Closes the sending half, then reads and drops what the client still sends, within bounds: closing at once would
/// reset the connection and could destroy a response on its way (RFC 9112 section 9.6). Meanwhile `connection` can be
/// given up for others.
boost::asio::awaitable<void> close_lingering(Socket& socket, PhaseTimer& timer, ConnectionTable::Entry& connection);

}  // namespace mobileclip::server
