// One request to a CachedLane: collects its items' answers, whoever leads them to the engine, and answers once.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "engine/runtime/engine.h"

namespace mobileclip::server {

class CachedCall {
 public:
  CachedCall(std::size_t items, EmbedRequest request, EmbedCallback done)
      : request_(std::move(request)),
        results_(items, Error{ErrorCode::kInternal, "the item was never answered"}),
        done_(std::move(done)) {}

  [[nodiscard]] const EmbedRequest& request() const { return request_; }

  /// Before wait_for(): an answer that is there already.
  void answer_early(std::size_t index, const EmbeddedItem& item) { results_[index] = item; }
  /// Once, before the first finish(): how many answers are to come.
  void wait_for(std::size_t answers) { remaining_.store(answers, std::memory_order_relaxed); }
  /// From any thread, once an item. The last one calls `done`.
  void finish(std::size_t index, Result<EmbeddedItem> result) {
    results_[index] = std::move(result);
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) complete();
  }
  /// Where no answer is to come.
  void complete() { done_(std::move(results_)); }

  /// The engine took none of it: those of its items that wait for others' answers want none. `done` is never called,
  /// since what it led itself is never finished.
  void refuse() { refused_.store(true, std::memory_order_relaxed); }
  /// Why it would be in vain to work for it now, if so.
  [[nodiscard]] std::optional<Error> unwanted() const {
    if (refused_.load(std::memory_order_relaxed)) return Error{ErrorCode::kOverloaded, "the request was refused"};
    if (request_.abandoned && request_.abandoned->load(std::memory_order_relaxed))
      return Error{ErrorCode::kCancelled, "the client went away"};
    if (request_.deadline.passed())
      return Error{ErrorCode::kDeadlineExceeded, "the deadline passed before the input's turn"};
    return std::nullopt;
  }

 private:
  const EmbedRequest request_;
  std::vector<Result<EmbeddedItem>> results_;
  std::atomic<std::size_t> remaining_{0};
  std::atomic<bool> refused_{false};
  EmbedCallback done_;
};

}  // namespace mobileclip::server
