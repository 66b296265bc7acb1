#include "server/http/response_writer.h"

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>

#include "server/http/date.h"
#include "server/http/socket.h"
#include "server/version.h"

namespace mobileclip::server {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds kLinger{10};        // in all
constexpr std::chrono::seconds kLingerSilence{2};  // without a byte

const std::string& server_name() {
  static const std::string name = "mobileclip-server/" + std::string(version());
  return name;
}

template <typename Body>
http::response<Body> head_of(const Response& response, int version) {
  http::response<Body> message(static_cast<http::status>(response.status), static_cast<unsigned>(version));
  message.set(http::field::server, server_name());
  message.set(http::field::date, http_date(std::time(nullptr)));
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
  return message;
}

}  // namespace

asio::awaitable<bool> write_response(Socket& socket, Response& response, Delivery delivery) {
  auto message = head_of<http::string_body>(response, delivery.version);
  if (response.status != 204) message.content_length(response.body.size());
  message.keep_alive(delivery.keep_alive);
  if (!delivery.head_only) message.body() = std::move(response.body);

  error_code error;
  co_await http::async_write(socket, message, asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

asio::awaitable<bool> write_stream_head(Socket& socket, const Response& response, int version) {
  auto message = head_of<http::empty_body>(response, version);
  message.chunked(version >= 11);
  message.keep_alive(false);
  http::response_serializer<http::empty_body> serializer(message);
  error_code error;
  co_await http::async_write_header(socket, serializer, asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

asio::awaitable<bool> write_continue(Socket& socket) {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  error_code error;
  co_await asio::async_write(socket, asio::buffer(kContinue), asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

asio::awaitable<void> close_lingering(Socket& socket, PhaseTimer& timer, ConnectionTable::Entry& connection) {
  timer.arm(kLingerSilence);
  connection.waits(ClientWait::kRequest, timer.cut_short());
  error_code error = co_await socket.shutdown_send();
  const auto end = std::chrono::steady_clock::now() + kLinger;
  std::array<char, 16384> dropped;
  while (!error && !timer.was_cut_short() && std::chrono::steady_clock::now() < end) {
    timer.arm(kLingerSilence);
    connection.waits(ClientWait::kRequest, timer.cut_short());
    co_await socket.plain().async_read_some(asio::buffer(dropped), asio::redirect_error(asio::use_awaitable, error));
  }
  connection.works();
  timer.disarm();
  socket.close();
}

}  // namespace mobileclip::server
