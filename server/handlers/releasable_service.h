// A model whose memory can be let go of while nobody uses it, and that is loaded anew for who asks next.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/runtime/lane_budget.h"
#include "server/handlers/embedding_service.h"
#include "server/metrics/model_metrics.h"

namespace mobileclip::server {

/// Requests that come while it is not loaded wait, as many as its queues hold, and are handed on once it is; where
/// loading fails they are answered with kUnavailable, and the next request is another try.
///
/// The EmbeddingService is thread-safe. load() and the release functions are for one thread, a ModelKeeper's.
class ReleasableService final : public EmbeddingService {
 public:
  using Clock = std::chrono::steady_clock;
  /// Throws std::exception saying why it cannot.
  using Load = std::function<std::unique_ptr<EmbeddingService>()>;

  struct Model {
    std::string id;
    std::unique_ptr<EmbeddingService> loaded;  ///< what `load` gives; the first one comes with it
    Load load;
    std::shared_ptr<const Tokenizer> tokenizer;  ///< stays
    std::size_t bytes;                           ///< of memory that it takes while it is loaded
  };

  /// `metrics` outlives it.
  ReleasableService(Model model, const EngineOptions& options, ModelMetrics& metrics);
  /// Answers everything that it took.
  ~ReleasableService() override;
  ReleasableService(const ReleasableService&) = delete;
  ReleasableService& operator=(const ReleasableService&) = delete;

  /// Called, from any thread, when requests wait for load(). Set before the first request.
  void set_wanted(std::function<void()> wanted) { wanted_ = std::move(wanted); }

  [[nodiscard]] const std::string& id() const { return model_.id; }
  [[nodiscard]] std::size_t bytes() const { return model_.bytes; }
  [[nodiscard]] bool is_loaded() const;
  [[nodiscard]] Clock::time_point last_used() const;

  /// Does nothing but answer where it is loaded. Logs and counts what comes of it.
  void load();
  /// Lets it finish what it has; what comes meanwhile waits for the next load().
  void release();
  /// Where it has had nothing to do since `time`; else does nothing.
  void release_if_unused_since(Clock::time_point time);

  [[nodiscard]] const EngineInfo& info() const noexcept override { return info_; }
  [[nodiscard]] bool healthy() const noexcept override;
  [[nodiscard]] std::size_t queue_depth(Lane lane) const noexcept override;
  [[nodiscard]] std::optional<Error> submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                                   EmbedCallback done) override;
  [[nodiscard]] std::optional<Error> submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                                  EmbedCallback done) override;
  [[nodiscard]] std::optional<Error> submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                                      EmbedCallback done) override;
  [[nodiscard]] const Tokenizer& tokenizer() const noexcept override { return *model_.tokenizer; }

 private:
  /// Submits a request's inputs.
  using Start = std::function<std::optional<Error>(EmbeddingService&, EmbedCallback)>;

  struct Size {
    Lane lane;
    std::size_t items;
    std::size_t bytes;
  };
  struct Waiting {
    Size size;
    Start start;
    EmbedCallback done;
  };

  std::optional<Error> submit(const Size& size, Start start, EmbedCallback done);
  std::optional<Error> wait_for_load(Waiting waiting);
  std::optional<Error> start_now(EmbeddingService& service, const Start& start, EmbedCallback done);
  void finished();
  void answer_all(std::vector<Waiting> waiting, const Error& error);
  /// Lets go of the service once it has nothing to do. The lock is held.
  void let_go(std::unique_lock<std::mutex>& lock);
  LaneBudget& waiting_in(Lane lane) { return *waiting_sizes_[static_cast<std::size_t>(lane)]; }

  Model model_;  ///< .loaded is null while it is not
  const EngineInfo info_;
  ModelMetrics& metrics_;
  std::function<void()> wanted_ = [] {};
  std::array<std::unique_ptr<LaneBudget>, kLaneCount> waiting_sizes_;

  mutable std::mutex mutex_;  ///< of all below and model_.loaded; never held while a service or a callback is called
  std::condition_variable idle_;
  std::vector<Waiting> waiting_;
  std::size_t busy_ = 0;  ///< requests that the service has, or is being given
  bool leaving_ = false;
  bool closed_ = false;
  Clock::time_point last_used_ = Clock::now();
};

}  // namespace mobileclip::server
