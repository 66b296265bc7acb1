#include "server/http/session.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "server/http/compression.h"
#include "server/http/disconnect_watch.h"
#include "server/http/phase_timer.h"
#include "server/http/request_id.h"
#include "server/http/request_reader.h"
#include "server/http/request_timeout.h"
#include "server/http/response_writer.h"
#include "server/http/responses.h"
#include "server/http/socket.h"
#include "server/http/stream_exchange.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

class Session {
 public:
  Session(Socket::Plain socket, Socket::Tls tls, const SessionContext& context)
      : context_(context),
        socket_(std::move(socket), std::move(tls)),
        timer_(socket_),
        connection_(context.connections),
        reader_(socket_, timer_, connection_, context.bodies, context.config) {}

  asio::awaitable<void> run() {
    // GCC 12 miscompiles co_await in a condition; here it stands in statements of its own throughout.
    bool keep_alive = co_await begin();
    while (keep_alive) keep_alive = co_await serve_one();
    // Nobody is owed what a connection that was given up for others, or never asked for anything, still receives.
    const bool linger = owes_answer_ && !timer_.was_cut_short();
    if (linger) co_await close_lingering(socket_, timer_, connection_);
  }

 private:
  /// False where TLS's handshake comes to nothing.
  asio::awaitable<bool> begin() {
    if (!socket_.has_tls()) co_return true;
    timer_.arm(context_.config.header_timeout);
    connection_.waits(ClientWait::kHead, timer_.cut_short());
    const auto error = co_await socket_.handshake();
    connection_.works();
    timer_.disarm();
    if (error) spdlog::debug("a TLS handshake failed: {}", error.message());
    co_return !error;
  }

  /// Head → route → access → admission → body → handler → response. True where another request may follow.
  asio::awaitable<bool> serve_one() {
    auto received = co_await reader_.read_head();
    if (auto* failed = std::get_if<ReadFailure>(&received)) {
      owes_answer_ = failed->answer.has_value();
      if (failed->answer) co_await refuse_head(*failed->answer);
      co_return false;
    }
    owes_answer_ = true;
    Request request;
    request.head = std::move(std::get<RequestHead>(received));
    RouteMatch match = context_.router.match(request.head);
    const std::string_view method = match.endpoint != nullptr ? std::string_view(match.endpoint->method) : "-";
    RequestScope scope(context_.metrics, context_.lifecycle,
                       {.route = match.route, .path = match.path, .method = method, .log = context_.access_log});
    request.trace = scope.trace();
    request.trace->id = request_id(request.head.headers);

    std::optional<Response> response = co_await answer(request, match, scope);
    if (!response) co_return false;
    apply_error_format(*response, match.error_format);
    context_.cors.apply(request.head, *response);
    if (context_.config.gzip) co_await compress(*response, request.head, context_.workers, scope);
    const bool keep_alive = request.head.keep_alive() && reader_.complete() && context_.lifecycle.serving();
    const Delivery delivery{
        .version = request.head.version, .keep_alive = keep_alive, .head_only = request.head.method == "HEAD"};
    const bool written = co_await deliver(*response, delivery, scope);
    co_return written&& keep_alive;
  }

  /// nullopt where the client left before its request was whole, or has its answer by a stream.
  asio::awaitable<std::optional<Response>> answer(Request& request, RouteMatch& match, RequestScope& scope) {
    if (match.endpoint == nullptr) co_return std::move(match.reply);
    if (auto refused = context_.access.refuse(request.head, *match.endpoint)) co_return refused;
    if (auto refused = context_.admission.refuse(request.head, *match.endpoint)) co_return refused;
    request.path_parameters = std::move(match.parameters);
    const auto timeout = request_timeout(request.head.headers, context_.config.request_timeout);
    if (!timeout) co_return error_response(timeout.error());
    if (request.head.headers.find("X-Request-Timeout")) request.timeout = *timeout;
    if (match.endpoint->kind == EndpointKind::kStream) co_return co_await stream(request, *match.endpoint, scope);
    auto body = co_await read_body(request.head, scope);
    if (auto* failed = std::get_if<ReadFailure>(&body)) {
      if (!failed->answer) co_return std::nullopt;
      co_return error_response(*failed->answer);
    }
    request.body = std::get<SharedBody>(std::move(body));
    request.trace->received_bytes = request.body->size();
    request.deadline = deadline_of(request, scope);
    if (request.deadline.passed()) co_return error_response(too_late());
    co_return co_await handle(request, *match.endpoint, scope);
  }

  /// The server's own limit counts from a request's last byte, the client's from its first.
  Deadline deadline_of(const Request& request, const RequestScope& scope) const {
    const std::chrono::nanoseconds own = context_.config.request_timeout;
    if (request.timeout.count() == 0) return Deadline::after(own);
    return Deadline::after(std::min<std::chrono::nanoseconds>(own, request.timeout - scope.elapsed()));
  }

  static Error too_late() {
    return {ErrorCode::kDeadlineExceeded, "the request's deadline passed before its last byte arrived"};
  }

  asio::awaitable<std::variant<SharedBody, ReadFailure>> read_body(const RequestHead& head, RequestScope& scope) {
    const auto timer = scope.time(RequestStage::kRead);
    if (head.expects_continue() && head.has_body() && !reader_.has_buffered()) {
      timer_.arm(context_.config.write_timeout);
      const bool written = co_await write_continue(socket_);
      if (!written) co_return ReadFailure{};
    }
    co_return co_await reader_.read_body();
  }

  asio::awaitable<Response> handle(const Request& request, const Endpoint& endpoint, RequestScope& scope) {
    const DisconnectWatch watch(socket_, request.abandoned);
    try {
      co_return co_await endpoint.handler(request, scope);
    } catch (const std::exception& error) {
      co_return failed(error, request, endpoint);
    }
  }

  asio::awaitable<std::optional<Response>> stream(const Request& request, const Endpoint& endpoint,
                                                  RequestScope& scope) {
    StreamExchange exchange(socket_, reader_, context_.config, context_.cors, request.head, scope);
    try {
      co_return co_await endpoint.stream(request, scope, exchange);
    } catch (const std::exception& error) {
      *request.abandoned = true;
      Response answer = failed(error, request, endpoint);
      if (exchange.begun()) co_return std::nullopt;
      co_return answer;
    }
  }

  /// The answer to a request whose handler threw.
  static Response failed(const std::exception& error, const Request& request, const Endpoint& endpoint) {
    if (dynamic_cast<const std::bad_alloc*>(&error)) {
      return error_response(Error{ErrorCode::kUnavailable, "out of memory"});
    }
    spdlog::error("{} failed: {} (request {})", endpoint.method, error.what(), request.trace->id);
    return error_response(Error{ErrorCode::kInternal, "internal error"});
  }

  asio::awaitable<bool> deliver(Response& response, Delivery delivery, RequestScope& scope) {
    response.headers.add("X-Request-Id", scope.trace()->id);
    response.headers.add("Server-Timing", server_timing(*scope.trace(), scope.elapsed()));
    const auto timer = scope.time(RequestStage::kWrite);
    const std::size_t bytes = response.body.size();
    timer_.arm(context_.config.write_timeout);
    connection_.waits(ClientWait::kAnswer, timer_.cut_short());
    const bool written = co_await write_response(socket_, response, delivery);
    connection_.works();
    timer_.disarm();
    if (written) scope.answered(response.status, bytes);
    co_return written;
  }

  /// Answers what could not be read as a request.
  asio::awaitable<void> refuse_head(const HttpError& error) {
    RequestScope scope(context_.metrics, context_.lifecycle,
                       {.route = context_.router.size(), .path = "other", .method = "-", .log = context_.access_log});
    scope.trace()->id = random_request_id();
    Response response = error_response(error);
    const Delivery delivery;
    co_await deliver(response, delivery, scope);
  }

  const SessionContext& context_;
  Socket socket_;
  PhaseTimer timer_;
  ConnectionTable::Entry connection_;
  RequestReader reader_;
  bool owes_answer_ = false;  // something that the client asked for may still be on its way to it
};

}  // namespace

asio::awaitable<void> run_session(Socket::Plain socket, Socket::Tls tls, const SessionContext& context) {
  Session session(std::move(socket), std::move(tls), context);
  co_await session.run();
}

}  // namespace mobileclip::server
