// What became of one request: for its log line and its Server-Timing header.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/runtime/engine.h"
#include "server/metrics/metrics.h"

namespace mobileclip::server {

/// Used on its connection's executor only.
class RequestTrace {
 public:
  using Stages = std::vector<std::pair<std::string_view, std::chrono::nanoseconds>>;

  void add(RequestStage stage, std::chrono::nanoseconds duration);
  /// Items are worked on side by side: of each stage the slowest item counts.
  void add(Lane lane, std::span<const EmbeddedItem> items);

  /// What took any time, in its order: "read", "parse", "decode", "tokenize", "queue", "inference", "serialize",
  /// "compress", "write".
  [[nodiscard]] Stages stages() const;
  [[nodiscard]] std::size_t items(Lane lane) const { return lanes_[static_cast<std::size_t>(lane)].items; }
  [[nodiscard]] std::size_t largest_batch() const { return largest_batch_; }

  std::string id{};                   ///< X-Request-Id
  const EngineInfo* model = nullptr;  ///< that the request chose; null until it did
  std::size_t received_bytes = 0;     ///< of the body

 private:
  struct LaneTrace {
    std::size_t items = 0;
    ItemTimings slowest = {};
  };
  std::array<std::chrono::nanoseconds, kRequestStageCount> stages_{};
  std::array<LaneTrace, kLaneCount> lanes_{};
  std::size_t largest_batch_ = 0;
};

/// `read;dur=0.120, parse;dur=0.041, …, total;dur=14.107`: milliseconds, to the microsecond (W3C Server Timing).
std::string server_timing(const RequestTrace& trace, std::chrono::nanoseconds total);

}  // namespace mobileclip::server
