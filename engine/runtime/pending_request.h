// One admitted request: collects its items' results and answers once, when the last is in.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

#include "engine/runtime/engine.h"
#include "engine/runtime/lane_budget.h"

namespace mobileclip {

/// finish() may be called from any thread, once an item.
class PendingRequest {
 public:
  /// What was admitted of `budget` for it goes back item by item.
  PendingRequest(std::vector<std::size_t> item_bytes, EmbedRequest options, EmbedCallback done, LaneBudget& budget)
      : options_(std::move(options)),
        item_bytes_(std::move(item_bytes)),
        results_(item_bytes_.size(), Error{ErrorCode::kInternal, "the item was never answered"}),
        remaining_(item_bytes_.size()),
        done_(std::move(done)),
        budget_(budget) {}

  [[nodiscard]] const EmbedRequest& options() const { return options_; }
  [[nodiscard]] bool abandoned() const {
    return options_.abandoned && options_.abandoned->load(std::memory_order_relaxed);
  }

  void finish(std::size_t index, Result<EmbeddedItem> result) {
    results_[index] = std::move(result);
    budget_.release(1, item_bytes_[index]);
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) done_(std::move(results_));
  }

 private:
  const EmbedRequest options_;
  const std::vector<std::size_t> item_bytes_;
  std::vector<Result<EmbeddedItem>> results_;
  std::atomic<std::size_t> remaining_;
  EmbedCallback done_;
  LaneBudget& budget_;
};

}  // namespace mobileclip
