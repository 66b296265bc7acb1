// An EmbeddingService whose answers the test knows beforehand, and what handlers need around it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/tokenizer/demo_vocabulary.h"
#include "server/handlers/routes.h"
#include "server/http/responses.h"

namespace mobileclip::server {

/// Embeds an item of n bytes as {n, 1, 0, 0}, cut to `dimensions`. Items that begin with "bad" fail as damaged, texts
/// over ten bytes are cut or too long. Answers on threads of its own.
class FakeService final : public EmbeddingService {
 public:
  explicit FakeService(const std::string& id = "fake") {
    info_.model = id + "-model";
    info_.model_id = id;
    info_.fingerprint = id + "-weights";
    info_.embed_dim = 4;
    info_.context_length = 77;
    info_.logit_scale = 10;
    info_.image_input.emplace();
  }

  /// From now on a model of texts only.
  void take_no_images() {
    info_.image_input.reset();
    images_refusal = Error{ErrorCode::kUnsupportedInput, "texts only"};
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

  /// Embeds n ids as a text of n bytes.
  std::optional<Error> submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                        EmbedCallback done) override {
    std::vector<std::string> as_texts;
    for (const TokenIds& ids : texts) as_texts.emplace_back(ids.size(), 'x');
    last_token_ids = std::move(texts);
    return submit_texts(std::move(as_texts), request, std::move(done));
  }

  const Tokenizer& tokenizer() const noexcept override { return tokenizer_; }

  bool is_healthy = true;
  bool never_answers = false;
  float first_value_added = 0;
  std::optional<Error> images_refusal;
  std::optional<Error> texts_refusal;
  std::optional<EmbedRequest> last_request;
  std::vector<TokenIds> last_token_ids;

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

  static ClipTokenizer demo_tokenizer() {
    const std::filesystem::path file =
        std::filesystem::path(::testing::TempDir()) / ("fake_service" + std::to_string(::getpid()) + ".json");
    std::ofstream(file) << demo_tokenizer_json();
    ClipTokenizer tokenizer = ClipTokenizer::load(file);
    std::filesystem::remove(file);
    return tokenizer;
  }

  EngineInfo info_{};
  ClipTokenizer tokenizer_ = demo_tokenizer();
  std::vector<std::jthread> threads_;
};

/// Everything a request meets behind the session.
struct HandlerFixture {
  /// Of two models, the second is of texts only.
  explicit HandlerFixture(int models_served = 1) : models(make_models(models_served)) {}

  boost::asio::io_context io;  // first: the service's threads may hold a completion a moment longer than call() runs
  FakeService service;
  FakeService second{"second"};
  Metrics metrics{route_paths()};
  Models models;
  Lifecycle lifecycle;
  ServerConfig config;
  LabelSets label_sets{4096};
  boost::asio::thread_pool workers{1};
  MetricsPage metrics_page{[this] { return render_metrics(metrics, models); }, workers.get_executor()};
  HandlerContext context{.models = models,
                         .metrics = metrics,
                         .lifecycle = lifecycle,
                         .config = config,
                         .label_sets = label_sets,
                         .metrics_page = metrics_page,
                         .workers = workers.get_executor()};
  Router router = make_router(context);

  Models make_models(int count) {
    std::vector<ServedModel> served{
        {.id = "fake", .directory = "fake-files", .service = service, .metrics = metrics.add_model("fake")}};
    if (count == 2) {
      second.take_no_images();
      served.push_back(
          {.id = "second", .directory = "second-files", .service = second, .metrics = metrics.add_model("second")});
    }
    return Models(std::move(served));
  }

  Response call(Request request) {
    const RouteMatch match = router.match(request.head);
    Response answer = match.endpoint == nullptr ? match.reply : run(match, std::move(request));
    apply_error_format(answer, match.error_format);
    return answer;
  }

  Response run(const RouteMatch& match, Request request) {
    request.path_parameters = match.parameters;
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
