#include "server/http/request_reader.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "server/http/admission.h"
#include "server/http/request_checks.h"

namespace mobileclip::server {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadStep = 4096;
constexpr std::size_t kMaxBuffered = 65536;  // a body is copied out of it as it arrives

HttpError malformed(std::string message) {
  return {.status = 400, .code = "malformed_request", .message = std::move(message)};
}

ReadFailure failure(HttpError error) { return {.answer = std::move(error)}; }

ReadFailure timed_out(const char* what) {
  return failure(
      {.status = 408, .code = "timeout", .message = std::string("the request's ") + what + " did not arrive in time"});
}

ReadFailure head_too_large(std::string_view head) {
  if (head.find('\n') == std::string_view::npos) {
    return failure({.status = 414, .code = "uri_too_long", .message = "the request line is too long"});
  }
  return failure({.status = 431,
                  .code = "headers_too_large",
                  .message = "the request's head is larger than " + std::to_string(kMaxHeadBytes) + " bytes"});
}

bool is_http_error(const error_code& error) {
  return error.category() == make_error_code(http::error::bad_method).category();
}

RequestHead to_head(const http::request_header<>& parsed) {
  RequestHead head{.method = std::string(parsed.method_string()),
                   .target = std::string(parsed.target()),
                   .version = static_cast<int>(parsed.version()),
                   .headers = {}};
  for (const auto& field : parsed) head.headers.add(std::string(field.name_string()), std::string(field.value()));
  return head;
}

}  // namespace

struct RequestReader::Impl {
  tcp::socket& socket;
  PhaseTimer& timer;
  const ServerConfig& config;
  boost::beast::flat_buffer buffer{kMaxBuffered};
  std::optional<http::request_parser<http::string_body>> parser{};
  std::optional<http::request_parser<http::buffer_body>> streamed{};  // takes over from `parser` in read_some()

  [[nodiscard]] std::string_view buffered() const {
    return {static_cast<const char*>(buffer.data().data()), buffer.size()};
  }

  /// Empty lines before a request line are passed over (RFC 9112 section 2.2).
  void skip_empty_lines() {
    while (buffered().starts_with("\r\n")) buffer.consume(2);
  }

  /// What ended the reading of a body, if anything did; its time is over.
  std::optional<ReadFailure> body_failure(const error_code& error) {
    const bool expired = timer.expired();
    timer.disarm();
    if (expired) return timed_out("body");
    if (error == http::error::body_limit) return failure(body_too_large(config.max_body_bytes));
    if (error == http::error::partial_message)
      return failure(malformed("the connection was closed in the request's body"));
    if (is_http_error(error)) return failure(malformed("the request's body is not what its head announces"));
    return error ? std::optional(ReadFailure{}) : std::nullopt;
  }

  asio::awaitable<error_code> receive_more() {
    error_code error;
    const auto space = buffer.prepare(kReadStep);
    const std::size_t received =
        co_await socket.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
    buffer.commit(received);
    co_return error;
  }

  /// Waits until a whole head lies in the buffer. Returns its size.
  asio::awaitable<std::variant<std::size_t, ReadFailure>> receive_head() {
    bool begun = !buffered().empty();
    timer.arm(begun ? config.header_timeout : config.idle_timeout);
    for (;;) {
      skip_empty_lines();
      const std::string_view seen = buffered();
      const std::size_t end = seen.find("\r\n\r\n");
      if (end != std::string_view::npos && end + 4 <= kMaxHeadBytes) co_return end + 4;
      if (seen.size() >= kMaxHeadBytes) co_return head_too_large(seen.substr(0, kMaxHeadBytes));
      // A line break that is no CRLF would otherwise be waited on until the time is up.
      if (seen.find("\n\n") != std::string_view::npos) co_return failure(malformed("a line that does not end in CRLF"));
      const error_code error = co_await receive_more();
      if (timer.expired()) co_return begun ? timed_out("head") : ReadFailure{};
      if (error == asio::error::eof && begun)
        co_return failure(malformed("the connection was closed in the request's head"));
      if (error) co_return ReadFailure{};
      if (!begun) timer.arm(config.header_timeout);
      begun = true;
    }
  }
};

RequestReader::RequestReader(tcp::socket& socket, PhaseTimer& timer, const ServerConfig& config)
    : impl_(new Impl{.socket = socket, .timer = timer, .config = config}) {}
RequestReader::~RequestReader() = default;

asio::awaitable<std::variant<RequestHead, ReadFailure>> RequestReader::read_head() {
  Impl& self = *impl_;
  self.parser.emplace();
  self.streamed.reset();
  // An idle connection keeps no more memory than it needs; there may be thousands.
  if (self.buffer.size() == 0) self.buffer.shrink_to_fit();
  const auto received = co_await self.receive_head();
  if (const auto* failed = std::get_if<ReadFailure>(&received)) co_return *failed;
  const std::string_view raw = self.buffered().substr(0, std::get<std::size_t>(received));
  if (auto error = check_raw_head(raw)) co_return failure(*std::move(error));

  self.parser->header_limit(kMaxHeadBytes);
  self.parser->body_limit(boost::none);  // until admission has judged the announced length
  error_code error;
  const std::size_t used = self.parser->put(asio::buffer(raw.data(), raw.size()), error);
  if (error || !self.parser->is_header_done()) co_return failure(malformed("the request's head is not HTTP/1.1"));
  RequestHead head = to_head(self.parser->get().base());
  self.buffer.consume(used);
  if (auto refused = check_request_head(head)) co_return failure(*std::move(refused));
  self.parser->body_limit(self.config.max_body_bytes);
  co_return head;
}

asio::awaitable<std::variant<std::string, ReadFailure>> RequestReader::read_body() {
  Impl& self = *impl_;
  self.timer.arm(self.config.body_timeout);
  error_code error;
  if (!self.parser->is_done()) {
    co_await http::async_read(self.socket, self.buffer, *self.parser, asio::redirect_error(asio::use_awaitable, error));
  }
  if (auto failed = self.body_failure(error)) co_return *std::move(failed);
  co_return std::move(self.parser->get().body());
}

asio::awaitable<std::variant<std::string, ReadFailure>> RequestReader::read_some() {
  Impl& self = *impl_;
  if (!self.streamed) {
    self.streamed.emplace(std::move(*self.parser));
    self.streamed->body_limit(boost::none);
  }
  std::string piece(kMaxBuffered, '\0');
  auto& body = self.streamed->get().body();
  body.data = piece.data();
  body.size = piece.size();
  self.timer.arm(self.config.body_timeout);
  error_code error;
  while (!error && !self.streamed->is_done() && body.size == piece.size()) {
    co_await http::async_read_some(self.socket, self.buffer, *self.streamed,
                                   asio::redirect_error(asio::use_awaitable, error));
    if (error == http::error::need_buffer) error = {};  // `piece` is full
  }
  if (error == http::error::partial_message) error = asio::error::eof;  // it has left: there is nobody to tell
  piece.resize(piece.size() - body.size);
  // What came before a failure is passed on first; the failure is there again the next time.
  auto failed = self.body_failure(error);
  if (failed && piece.empty()) co_return *std::move(failed);
  co_return piece;
}

void RequestReader::restart_body_timeout() {
  if (!impl_->timer.expired()) impl_->timer.arm(impl_->config.body_timeout);
}

bool RequestReader::complete() const {
  if (impl_->streamed) return impl_->streamed->is_done();
  return impl_->parser && impl_->parser->is_done();
}

bool RequestReader::has_buffered() const { return impl_->buffer.size() > 0; }

}  // namespace mobileclip::server
