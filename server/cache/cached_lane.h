// The images or the texts of a model, each embedded once while it is remembered, and once while many ask for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/cache/cached_call.h"
#include "server/cache/embedding_lru.h"
#include "server/metrics/model_metrics.h"

namespace mobileclip::server {

/// An input that nobody else asked for is led to the engine by its own request; who asks for the same meanwhile waits
/// for that answer. Where a leader's answer fails for reasons of its own request (the client left, its deadline
/// passed, the queue had no room for all of it), the next in line leads. Only answers are remembered, never errors.
///
/// Thread-safe. Callbacks into it own it, so that it may be let go of while the engine still works.
template <typename Input>
class CachedLane : public std::enable_shared_from_this<CachedLane<Input>> {
 public:
  using Submit = std::function<std::optional<Error>(std::vector<Input>, const EmbedRequest&, EmbedCallback)>;

  /// `submit` is what the engine's submit functions are. `metrics` outlives it.
  CachedLane(Lane lane, std::size_t max_bytes, Submit submit, ModelMetrics& metrics)
      : lane_(lane), submit_(std::move(submit)), metrics_(metrics), remembered_(max_bytes) {}

  /// As the engine's functions of this name; `keys` has a key an input. Where nothing is missing, `done` is called
  /// before it returns.
  [[nodiscard]] std::optional<Error> submit(std::vector<Input> inputs, const std::vector<ContentKey>& keys,
                                            const EmbedRequest& request, EmbedCallback done) {
    const auto call = std::make_shared<CachedCall>(inputs.size(), request, std::move(done));
    Led led{.call = call, .keys = {}, .indices = {}};
    std::vector<Input> missing;
    std::size_t hits = 0;
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (const EmbeddedItem* item = remembered_.find(keys[i])) {
          call->answer_early(i, *item);
          ++hits;
        } else if (const auto flight = in_flight_.find(keys[i]); flight != in_flight_.end()) {
          flight->second.push_back({.call = call, .index = i, .input = std::move(inputs[i]), .since = Clock::now()});
        } else {
          in_flight_.emplace(keys[i], Waiters());
          led.keys.push_back(keys[i]);
          led.indices.push_back(i);
          missing.push_back(std::move(inputs[i]));
        }
      }
      call->wait_for(inputs.size() - hits);  // under the lock: waiters may be answered from here on
    }
    const std::size_t misses = missing.size();
    if (misses > 0) {
      if (std::optional<Error> refused = submit_(std::move(missing), request, landing(led))) {
        call->refuse();
        for (const ContentKey& key : led.keys) hand_on(key);
        return refused;
      }
    } else if (hits == inputs.size()) {
      call->complete();
    }
    metrics_.cache_looked_up(lane_, {.hits = hits, .coalesced = inputs.size() - hits - misses, .misses = misses});
    return std::nullopt;
  }

  /// Submits no more by itself; returns when nothing is being submitted. What is in flight is still answered.
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    idle_.wait(lock, [this] { return submitting_ == 0; });
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// An input of a request that another request leads.
  struct Waiter {
    std::shared_ptr<CachedCall> call;
    std::size_t index;
    Input input;
    Clock::time_point since;
  };
  using Waiters = std::deque<Waiter>;  ///< in the order they came

  /// What one request leads to the engine.
  struct Led {
    std::shared_ptr<CachedCall> call;
    std::vector<ContentKey> keys;
    std::vector<std::size_t> indices;  ///< in the call
  };

  EmbedCallback landing(Led led) {
    return [self = this->shared_from_this(), led = std::move(led)](std::vector<Result<EmbeddedItem>> results) {
      for (std::size_t i = 0; i < results.size(); ++i)
        self->landed(led.keys[i], *led.call, led.indices[i], std::move(results[i]));
    };
  }

  /// The engine's answer to what `call` led.
  void landed(const ContentKey& key, CachedCall& call, std::size_t index, Result<EmbeddedItem> result) {
    if (!result && is_about_asker(result.error().code)) {
      hand_on(key);
    } else {
      for (Waiter& waiter : take_waiters(key, result)) answer(waiter, result);
    }
    call.finish(index, std::move(result));
  }

  static bool is_about_asker(ErrorCode code) {
    return code == ErrorCode::kCancelled || code == ErrorCode::kDeadlineExceeded;
  }

  /// Ends the flight, and remembers what came of it.
  Waiters take_waiters(const ContentKey& key, const Result<EmbeddedItem>& result) {
    const std::lock_guard lock(mutex_);
    auto flight = in_flight_.extract(key);
    if (result) {
      EmbeddedItem item = *result;
      item.timings = {};
      const std::size_t evicted = remembered_.insert(key, std::move(item));
      metrics_.cache_changed(lane_,
                             {.evicted = evicted, .entries = remembered_.entries(), .bytes = remembered_.bytes()});
    }
    return std::move(flight.mapped());
  }

  void answer(Waiter& waiter, Result<EmbeddedItem> result) {
    if (result) result->timings = {.queue = Clock::now() - waiter.since};
    waiter.call->finish(waiter.index, std::move(result));
  }

  /// The flight's leader got no answer: the first that still wants one leads. Without any, the flight ends.
  void hand_on(const ContentKey& key) {
    while (std::optional<Waiter> next = next_leader(key)) {
      Led led{.call = next->call, .keys = {key}, .indices = {next->index}};
      std::vector<Input> input;
      input.push_back(std::move(next->input));
      std::optional<Error> refused = submit_(std::move(input), next->call->request(), landing(std::move(led)));
      {
        const std::lock_guard lock(mutex_);
        --submitting_;
      }
      idle_.notify_all();
      if (!refused) return;
      next->call->finish(next->index, *std::move(refused));
    }
  }

  /// Counts as submitting where there is one. Those passed over are answered.
  std::optional<Waiter> next_leader(const ContentKey& key) {
    std::vector<std::pair<Waiter, Error>> passed_over;
    std::optional<Waiter> next;
    {
      const std::lock_guard lock(mutex_);
      const auto flight = in_flight_.find(key);
      Waiters& waiters = flight->second;
      while (!waiters.empty() && !next) {
        Waiter waiter = std::move(waiters.front());
        waiters.pop_front();
        std::optional<Error> unwanted = waiter.call->unwanted();
        if (closed_) unwanted = Error{ErrorCode::kUnavailable, "the server is shutting down"};
        if (unwanted) {
          passed_over.emplace_back(std::move(waiter), *std::move(unwanted));
        } else {
          next = std::move(waiter);
          ++submitting_;
        }
      }
      if (!next) in_flight_.erase(flight);
    }
    for (auto& [waiter, error] : passed_over) waiter.call->finish(waiter.index, std::move(error));
    return next;
  }

  const Lane lane_;
  const Submit submit_;
  ModelMetrics& metrics_;
  std::mutex mutex_;  ///< of all below; never held while the engine or a callback is called
  std::condition_variable idle_;
  EmbeddingLru remembered_;
  std::unordered_map<ContentKey, Waiters, ContentKeyHash> in_flight_;
  std::size_t submitting_ = 0;
  bool closed_ = false;
};

}  // namespace mobileclip::server
