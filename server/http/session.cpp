#include "server/http/session.h"

#include <spdlog/spdlog.h>

#include "server/http/disconnect_watch.h"
#include "server/http/phase_timer.h"
#include "server/http/request_reader.h"
#include "server/http/response_writer.h"
#include "server/http/responses.h"

namespace mobileclip::server {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

class Session {
 public:
  Session(tcp::socket socket, const SessionContext& context)
      : context_(context),
        socket_(std::move(socket)),
        timer_(socket_),
        connection_(context.connections),
        reader_(socket_, timer_, connection_, context.bodies, context.config) {}

  asio::awaitable<void> run() {
    // GCC 12 miscompiles co_await in a condition; here it stands in statements of its own throughout.
    bool keep_alive = true;
    while (keep_alive) keep_alive = co_await serve_one();
    // Nobody is owed what a connection that was given up for others, or never asked for anything, still receives.
    const bool linger = owes_answer_ && !timer_.was_cut_short();
    if (linger) co_await close_lingering(socket_, timer_, connection_);
  }

 private:
  /// Head → route → admission → body → handler → response. True where another request may follow.
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
                       {.route = match.route, .path = match.path, .method = method, .log = context_.config.access_log});

    std::optional<Response> response = co_await answer(request, match, scope);
    if (!response) co_return false;
    apply_error_format(*response, match.error_format);
    const bool keep_alive = request.head.keep_alive() && reader_.complete() && context_.lifecycle.serving();
    const Delivery delivery{
        .version = request.head.version, .keep_alive = keep_alive, .head_only = request.head.method == "HEAD"};
    const bool written = co_await deliver(*response, delivery, scope);
    co_return written&& keep_alive;
  }

  /// nullopt where the client left before its request was whole.
  asio::awaitable<std::optional<Response>> answer(Request& request, RouteMatch& match, RequestScope& scope) {
    if (match.endpoint == nullptr) co_return std::move(match.reply);
    if (auto refused = context_.admission.refuse(request.head, *match.endpoint)) co_return refused;
    auto body = co_await read_body(request.head, scope);
    if (auto* failed = std::get_if<ReadFailure>(&body)) {
      if (!failed->answer) co_return std::nullopt;
      co_return error_response(*failed->answer);
    }
    request.body = std::get<SharedBody>(std::move(body));
    request.path_parameters = std::move(match.parameters);
    request.deadline = Deadline::after(context_.config.request_timeout);
    co_return co_await handle(request, *match.endpoint, scope);
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
    } catch (const std::bad_alloc&) {
      co_return error_response(Error{ErrorCode::kUnavailable, "out of memory"});
    } catch (const std::exception& error) {
      spdlog::error("{} failed: {}", endpoint.method, error.what());
      co_return error_response(Error{ErrorCode::kInternal, "internal error"});
    }
  }

  asio::awaitable<bool> deliver(Response& response, Delivery delivery, RequestScope& scope) {
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
    RequestScope scope(
        context_.metrics, context_.lifecycle,
        {.route = context_.router.size(), .path = "other", .method = "-", .log = context_.config.access_log});
    Response response = error_response(error);
    const Delivery delivery;
    co_await deliver(response, delivery, scope);
  }

  const SessionContext& context_;
  tcp::socket socket_;
  PhaseTimer timer_;
  ConnectionTable::Entry connection_;
  RequestReader reader_;
  bool owes_answer_ = false;  // something that the client asked for may still be on its way to it
};

}  // namespace

asio::awaitable<void> run_session(tcp::socket socket, const SessionContext& context) {
  Session session(std::move(socket), context);
  co_await session.run();
}

}  // namespace mobileclip::server
