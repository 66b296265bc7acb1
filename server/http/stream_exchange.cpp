#include "server/http/stream_exchange.h"

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <utility>

#include "server/http/response_writer.h"
#include "server/http/socket.h"

namespace mobileclip::server {

namespace asio = boost::asio;

StreamExchange::StreamExchange(Socket& socket, RequestReader& reader, const ServerConfig& config, const Cors& cors,
                               const RequestHead& head, RequestScope& scope)
    : socket_(socket),
      reader_(reader),
      config_(config),
      cors_(cors),
      head_(head),
      scope_(scope),
      write_timer_(socket) {}

asio::awaitable<bool> StreamExchange::begin(Response head) {
  if (head_.expects_continue() && !reader_.has_buffered()) {
    write_timer_.arm(config_.write_timeout);
    const bool told = co_await write_continue(socket_);
    if (!told) co_return false;
  }
  cors_.apply(head_, head);
  if (config_.gzip) {
    head.headers.add("Vary", "Accept-Encoding");
    if (accepts_gzip(head_)) {
      gzip_.emplace();
      head.headers.add("Content-Encoding", "gzip");
    }
  }
  begun_ = true;
  write_timer_.arm(config_.write_timeout);
  const bool written = co_await write_stream_head(socket_, head, head_.version);
  write_timer_.disarm();
  co_return written;
}

asio::awaitable<std::variant<std::string, ReadFailure>> StreamExchange::read_some() {
  if (!stopped_) {
    reading_ = true;
    auto received = co_await reader_.read_some();
    reading_ = false;
    if (const auto* piece = std::get_if<std::string>(&received)) scope_.trace()->received_bytes += piece->size();
    if (!stopped_) co_return received;
  }
  co_return ReadFailure{.answer =
                            HttpError{.status = 503, .code = "unavailable", .message = "the server is shutting down"}};
}

void StreamExchange::excuse_silence() {
  if (reading_) reader_.restart_body_timeout();
}

void StreamExchange::stop_reading() {
  if (std::exchange(stopped_, true) || !reading_) return;
  socket_.cancel();
}

asio::awaitable<bool> StreamExchange::write(std::string bytes) {
  if (gzip_) {  // here, not on a worker: some milliseconds a megabyte, and what is written goes on in order
    const auto timer = scope_.time(RequestStage::kCompress);
    bytes = gzip_->add(bytes);
  }
  const bool written = co_await write_chunk(std::move(bytes));
  co_return written;
}

asio::awaitable<bool> StreamExchange::write_chunk(std::string bytes) {
  written_ += bytes.size();
  if (head_.version >= 11) {  // RFC 9112 section 7.1
    std::array<char, 24> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    bytes.insert(0, size.data()).append("\r\n");
  }
  const bool sent = co_await send(std::move(bytes));
  co_return sent;
}

asio::awaitable<bool> StreamExchange::end() {
  bool written = true;
  if (gzip_) {
    std::string rest = gzip_->finish();
    written = co_await write_chunk(std::move(rest));
  }
  if (written && head_.version >= 11) {
    std::string last_chunk = "0\r\n\r\n";
    written = co_await send(std::move(last_chunk));
  }
  if (written) scope_.answered(200, written_);
  co_return written;
}

asio::awaitable<bool> StreamExchange::send(std::string bytes) {
  const auto timer = scope_.time(RequestStage::kWrite);
  boost::system::error_code error;
  write_timer_.arm(config_.write_timeout);
  co_await asio::async_write(socket_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
  write_timer_.disarm();
  excuse_silence();
  co_return !error;
}

}  // namespace mobileclip::server
