#include "server/http/request_reader.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <limits>
#include <new>

#include "server/http/admission.h"
#include "server/http/chunked_decoder.h"
#include "server/http/request_checks.h"
#include "server/http/socket.h"

namespace mobileclip::server {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadStep = 4096;
constexpr std::size_t kBodyReadStep = 65536;
constexpr std::size_t kMaxBuffered = 65536;
/// A body's whole length is reserved only once so much of it is there: announcing one costs a client nothing.
constexpr std::size_t kMaxUnprovenBytes = 1u << 20;

HttpError malformed(std::string message) {
  return {.status = 400, .code = "malformed_request", .message = std::move(message)};
}

ReadFailure failure(HttpError error) { return {.answer = std::move(error)}; }

ReadFailure timed_out(const char* what) {
  return failure(
      {.status = 408, .code = "timeout", .message = std::string("the request's ") + what + " did not arrive in time"});
}

/// The connection is given up for others'.
ReadFailure given_up() {
  return failure({.status = 503,
                  .code = "too_many_connections",
                  .message = "the server has too many connections to wait for this one's request any longer"});
}

ReadFailure head_too_large(std::string_view head) {
  if (head.find('\n') == std::string_view::npos) {
    return failure({.status = 414, .code = "uri_too_long", .message = "the request line is too long"});
  }
  return failure({.status = 431,
                  .code = "headers_too_large",
                  .message = "the request's head is larger than " + std::to_string(kMaxHeadBytes) + " bytes"});
}

RequestHead to_head(const http::request_header<>& parsed) {
  RequestHead head{.method = std::string(parsed.method_string()),
                   .target = std::string(parsed.target()),
                   .version = static_cast<int>(parsed.version()),
                   .headers = {}};
  for (const auto& field : parsed) head.headers.add(std::string(field.name_string()), std::string(field.value()));
  return head;
}

ReadFailure no_room() { return failure(no_room_for_body()); }

/// A body and its part of the budget.
struct HeldBody {
  std::string text;
  BodyBudget::Lease lease;
};

}  // namespace

struct RequestReader::Impl {
  Socket& socket;
  PhaseTimer& timer;
  ConnectionTable::Entry& connection;
  BodyBudget& budget;
  const ServerConfig& config;
  boost::beast::flat_buffer buffer{kMaxBuffered};
  RequestHead head{};     // of the request in hand: what its body's framing needs
  bool complete = false;  // the request in hand is read to its end
  // Of a body that is taken piece by piece.
  std::optional<ChunkedDecoder> pieces{};
  std::uint64_t left = 0;                      // where Content-Length said how much
  std::optional<ReadFailure> failure_ahead{};  // behind what was passed on already

  [[nodiscard]] std::string_view buffered() const {
    return {static_cast<const char*>(buffer.data().data()), buffer.size()};
  }

  /// Empty lines before a request line are passed over (RFC 9112 section 2.2).
  void skip_empty_lines() {
    while (buffered().starts_with("\r\n")) buffer.consume(2);
  }

  void wait_for(ClientWait what, std::chrono::milliseconds limit) {
    timer.arm(limit);
    connection.waits(what, timer.cut_short());
  }

  asio::awaitable<error_code> receive_more(std::size_t step) {
    error_code error;
    const auto space = buffer.prepare(std::min(step, kMaxBuffered - buffer.size()));
    const std::size_t received =
        co_await socket.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
    buffer.commit(received);
    co_return error;
  }

  /// Waits until a whole head lies in the buffer. Returns its size.
  asio::awaitable<std::variant<std::size_t, ReadFailure>> receive_head() {
    bool begun = !buffered().empty();
    wait_for(begun ? ClientWait::kHead : ClientWait::kRequest, begun ? config.header_timeout : config.idle_timeout);
    for (;;) {
      skip_empty_lines();
      const std::string_view seen = buffered();
      const std::size_t end = seen.find("\r\n\r\n");
      if (end != std::string_view::npos && end + 4 <= kMaxHeadBytes) co_return end + 4;
      if (seen.size() >= kMaxHeadBytes) co_return head_too_large(seen.substr(0, kMaxHeadBytes));
      // A line break that is no CRLF would otherwise be waited on until the time is up.
      if (seen.find("\n\n") != std::string_view::npos) co_return failure(malformed("a line that does not end in CRLF"));
      const error_code error = co_await receive_more(kReadStep);
      if (timer.was_cut_short()) co_return begun ? given_up() : ReadFailure{};
      if (timer.expired()) co_return begun ? timed_out("head") : ReadFailure{};
      if (error == asio::error::eof && begun)
        co_return failure(malformed("the connection was closed in the request's head"));
      if (error) co_return ReadFailure{};
      if (!begun) wait_for(ClientWait::kHead, config.header_timeout);
      begun = true;
    }
  }

  /// What a read that came to nothing means; nullopt where it came to something.
  std::optional<ReadFailure> body_failure(const error_code& error) {
    if (timer.was_cut_short()) return given_up();
    if (timer.expired()) return timed_out("body");
    if (error == asio::error::eof) return failure(malformed("the connection was closed in the request's body"));
    if (error) return ReadFailure{};
    return std::nullopt;
  }

  /// Content-Length says how much is to come; nothing beyond it is read.
  asio::awaitable<std::optional<ReadFailure>> receive_sized(HeldBody& body, std::size_t length) {
    const std::size_t early = std::min(length, buffer.size());
    if (!body.lease.grow_to(early)) co_return no_room();
    body.text.reserve(std::min(length, kMaxUnprovenBytes));
    body.text.append(buffered().substr(0, early));
    buffer.consume(early);
    while (body.text.size() < length) {
      const std::size_t had = body.text.size();
      const std::size_t step = std::min(length - had, kBodyReadStep);
      if (!body.lease.grow_to(had + step)) co_return no_room();
      if (had + step > kMaxUnprovenBytes) body.text.reserve(length);
      body.text.resize(had + step);
      error_code error;
      const std::size_t received = co_await socket.async_read_some(asio::buffer(body.text.data() + had, step),
                                                                   asio::redirect_error(asio::use_awaitable, error));
      body.text.resize(had + received);
      if (auto failed = body_failure(error)) co_return failed;
    }
    co_return std::nullopt;
  }

  /// Moves what lies in the buffer of a body that is taken piece by piece to `piece`.
  void take_buffered(std::string& piece) {
    if (complete || failure_ahead) return;
    if (!head.chunked()) {
      const std::size_t taken = std::min<std::uint64_t>(left, buffer.size());
      piece.append(buffered().substr(0, taken));
      buffer.consume(taken);
      left -= taken;
      complete = left == 0;
      return;
    }
    if (!pieces) pieces.emplace(std::numeric_limits<std::size_t>::max());
    std::string_view input = buffered();
    const ChunkedDecoder::Status status = pieces->decode(input, piece);
    buffer.consume(buffer.size() - input.size());
    complete = status == ChunkedDecoder::Status::kDone;
    if (status == ChunkedDecoder::Status::kMalformed) failure_ahead = failure(malformed(std::string(pieces->reason())));
  }

  asio::awaitable<std::optional<ReadFailure>> receive_chunked(HeldBody& body) {
    ChunkedDecoder decoder(config.max_body_bytes);
    for (;;) {
      if (!body.lease.grow_to(body.text.size() + buffer.size())) co_return no_room();
      std::string_view input = buffered();
      const ChunkedDecoder::Status status = decoder.decode(input, body.text);
      buffer.consume(buffer.size() - input.size());
      if (status == ChunkedDecoder::Status::kDone) co_return std::nullopt;
      if (status == ChunkedDecoder::Status::kTooLarge) co_return failure(body_too_large(config.max_body_bytes));
      if (status == ChunkedDecoder::Status::kMalformed) co_return failure(malformed(std::string(decoder.reason())));
      const error_code error = co_await receive_more(kBodyReadStep);
      if (auto failed = body_failure(error)) co_return failed;
    }
  }
};

RequestReader::RequestReader(Socket& socket, PhaseTimer& timer, ConnectionTable::Entry& connection, BodyBudget& budget,
                             const ServerConfig& config)
    : impl_(new Impl{.socket = socket, .timer = timer, .connection = connection, .budget = budget, .config = config}) {}
RequestReader::~RequestReader() = default;

asio::awaitable<std::variant<RequestHead, ReadFailure>> RequestReader::read_head() {
  Impl& self = *impl_;
  self.complete = false;
  self.pieces.reset();
  self.failure_ahead.reset();
  // An idle connection keeps no more memory than it needs; there may be thousands.
  if (self.buffer.size() == 0) self.buffer.shrink_to_fit();
  const auto received = co_await self.receive_head();
  self.connection.works();
  if (const auto* failed = std::get_if<ReadFailure>(&received)) co_return *failed;
  const std::string_view raw = self.buffered().substr(0, std::get<std::size_t>(received));
  if (auto error = check_raw_head(raw)) co_return failure(*std::move(error));

  http::request_parser<http::empty_body> parser;
  parser.header_limit(kMaxHeadBytes);
  parser.body_limit(boost::none);  // admission judges the announced length
  error_code error;
  parser.put(asio::buffer(raw.data(), raw.size()), error);
  if (error || !parser.is_header_done()) co_return failure(malformed("the request's head is not HTTP/1.1"));
  self.head = to_head(parser.get().base());
  self.buffer.consume(raw.size());
  if (auto refused = check_request_head(self.head)) co_return failure(*std::move(refused));
  self.complete = !self.head.has_body();
  self.left = self.head.content_length().value_or(0);
  co_return self.head;
}

asio::awaitable<std::variant<SharedBody, ReadFailure>> RequestReader::read_body() {
  Impl& self = *impl_;
  const auto body = std::make_shared<HeldBody>(HeldBody{.text = {}, .lease = BodyBudget::Lease(self.budget)});
  if (!self.complete) {
    self.wait_for(ClientWait::kBody, self.config.body_timeout);
    std::optional<ReadFailure> failed;
    try {
      if (self.head.chunked()) {
        failed = co_await self.receive_chunked(*body);
      } else {
        failed = co_await self.receive_sized(*body, self.head.content_length().value_or(0));
      }
    } catch (const std::bad_alloc&) {
      failed = no_room();
    }
    self.connection.works();
    if (failed) co_return *std::move(failed);
    self.complete = true;
  }
  self.timer.disarm();
  co_return SharedBody(body, &body->text);
}

asio::awaitable<std::variant<std::string, ReadFailure>> RequestReader::read_some() {
  Impl& self = *impl_;
  if (self.failure_ahead) co_return *self.failure_ahead;
  // Not as a wait that others' connections may cut short: that would end what is being written, too.
  self.timer.arm(self.config.body_timeout);
  std::string piece;
  self.take_buffered(piece);
  while (piece.empty() && !self.complete && !self.failure_ahead) {
    const error_code error = co_await self.receive_more(kBodyReadStep);
    if (error == asio::error::eof) {
      self.failure_ahead = ReadFailure{};  // it has left: there is nobody to tell
    } else {
      self.failure_ahead = self.body_failure(error);
    }
    self.take_buffered(piece);
  }
  self.timer.disarm();
  if (self.failure_ahead && piece.empty()) co_return *self.failure_ahead;
  co_return piece;
}

void RequestReader::restart_body_timeout() {
  if (!impl_->timer.expired()) impl_->timer.arm(impl_->config.body_timeout);
}

bool RequestReader::complete() const { return impl_->complete; }

bool RequestReader::has_buffered() const { return impl_->buffer.size() > 0; }

}  // namespace mobileclip::server
