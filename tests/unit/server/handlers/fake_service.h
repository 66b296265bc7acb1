// An EmbeddingService whose answers the test knows beforehand, and what handlers need around it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/handlers/routes.h"

namespace mobileclip::server {

/// Embeds an item of n bytes as {n, 1, 0, 0}, cut to `dimensions`. Items that begin with "bad" fail as damaged, texts
/// over ten bytes are cut or too long. Answers on threads of its own.
class FakeService final : public EmbeddingService {
 public:
  FakeService() {
    info_.model = "fake-model";
    info_.embed_dim = 4;
    info_.logit_scale = 10;
  }

  const EngineInfo& info() const noexcept override { return info_; }
  bool healthy() const noexcept override { return is_healthy; }
  std::size_t queue_depth(Lane lane) const noexcept override { return lane == Lane::kImage ? 3 : 5; }

  std::optional<Error> submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                     EmbedCallback done) override {
    last_request = request;
    if (images_refusal) return images_refusal;
    ItemResults results;
    for (const ImageBytes& image : images) {
      const std::string text(reinterpret_cast<const char*>(image.bytes.data()), image.bytes.size());
      if (text.starts_with("bad")) {
        results.emplace_back(Error{ErrorCode::kInvalidImage, "damaged"});
      } else {
        results.emplace_back(item(text.size(), request));
      }
    }
    answer(std::move(results), std::move(done));
    return std::nullopt;
  }

  std::optional<Error> submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                    EmbedCallback done) override {
    last_request = request;
    if (texts_refusal) return texts_refusal;
    ItemResults results;
    for (const std::string& text : texts) {
      const bool too_long = text.size() > 10;
      if (too_long && !request.truncate) {
        results.emplace_back(Error{ErrorCode::kTextTooLong, "too long"});
        continue;
      }
      EmbeddedItem embedded = item(text.size(), request);
      embedded.tokens = 2;
      embedded.truncated = too_long;
      results.emplace_back(std::move(embedded));
    }
    answer(std::move(results), std::move(done));
    return std::nullopt;
  }

  bool is_healthy = true;
  bool never_answers = false;
  float first_value_added = 0;
  std::optional<Error> images_refusal;
  std::optional<Error> texts_refusal;
  std::optional<EmbedRequest> last_request;

 private:
  using ItemResults = std::vector<Result<EmbeddedItem>>;

  EmbeddedItem item(std::size_t length, const EmbedRequest& request) const {
    EmbeddedItem embedded{.embedding = {static_cast<float>(length) + first_value_added, 1, 0, 0}, .timings = {}};
    if (request.dimensions > 0) embedded.embedding.resize(static_cast<std::size_t>(request.dimensions));
    return embedded;
  }

  void answer(ItemResults results, EmbedCallback done) {
    if (never_answers) return;
    threads_.emplace_back(
        [results = std::move(results), done = std::move(done)]() mutable { done(std::move(results)); });
  }

  EngineInfo info_{};
  std::vector<std::jthread> threads_;
};

/// Everything a request meets behind the session.
struct HandlerFixture {
  boost::asio::io_context io;  // first: the service's threads may hold a completion a moment longer than call() runs
  FakeService service;
  Metrics metrics{route_paths()};
  Lifecycle lifecycle;
  ServerConfig config;
  boost::asio::thread_pool workers{1};
  HandlerContext context{.service = service,
                         .metrics = metrics,
                         .lifecycle = lifecycle,
                         .config = config,
                         .workers = workers.get_executor()};
  Router router = make_router(context);

  Response call(Request request) {
    const RouteMatch match = router.match(request.head);
    if (match.endpoint == nullptr) return match.reply;
    io.restart();
    std::optional<Response> response;
    RequestScope scope(metrics, lifecycle, {.route = match.route, .path = match.path, .method = "-"});
    const auto guard = boost::asio::make_work_guard(io);
    boost::asio::co_spawn(io, match.endpoint->handler(request, scope),
                          [&](const std::exception_ptr& failure, Response answer) {
                            io.stop();
                            if (failure) std::rethrow_exception(failure);
                            response = std::move(answer);
                          });
    io.run();
    return *std::move(response);
  }

  Response get(std::string target) {
    return call({.head = {.method = "GET", .target = std::move(target), .headers = {}}});
  }

  Response post(std::string target, const std::string& content_type, std::string body) {
    Request request{.head = {.method = "POST", .target = std::move(target), .headers = {}},
                    .body = std::make_shared<const std::string>(std::move(body)),
                    .deadline = deadline};
    if (!content_type.empty()) request.head.headers.add("Content-Type", content_type);
    return call(std::move(request));
  }

  Response post_json(std::string target, std::string body) {
    return post(std::move(target), "application/json", std::move(body));
  }

  Deadline deadline = Deadline::never();
};

inline nlohmann::json json_of(const Response& response) { return nlohmann::json::parse(response.body); }
inline std::string error_code_of(const Response& response) { return json_of(response)["error"]["code"]; }
inline std::string message_of(const Response& response) { return json_of(response)["error"]["message"]; }

}  // namespace mobileclip::server
