#include "server/http/request_trace.h"

#include <algorithm>
#include <cstdio>

namespace mobileclip::server {

void RequestTrace::add(RequestStage stage, std::chrono::nanoseconds duration) {
  stages_[static_cast<std::size_t>(stage)] += duration;
}

void RequestTrace::add(Lane lane, std::span<const EmbeddedItem> items) {
  LaneTrace& trace = lanes_[static_cast<std::size_t>(lane)];
  trace.items += items.size();
  for (const EmbeddedItem& item : items) {
    trace.slowest.prepare = std::max(trace.slowest.prepare, item.timings.prepare);
    trace.slowest.queue = std::max(trace.slowest.queue, item.timings.queue);
    trace.slowest.inference = std::max(trace.slowest.inference, item.timings.inference);
    largest_batch_ = std::max<std::size_t>(largest_batch_, item.batch);
  }
}

RequestTrace::Stages RequestTrace::stages() const {
  const auto own = [this](RequestStage stage) { return stages_[static_cast<std::size_t>(stage)]; };
  const ItemTimings& image = lanes_[static_cast<std::size_t>(Lane::kImage)].slowest;
  const ItemTimings& text = lanes_[static_cast<std::size_t>(Lane::kText)].slowest;
  Stages stages{{"read", own(RequestStage::kRead)},
                {"parse", own(RequestStage::kParse)},
                {"decode", image.prepare},
                {"tokenize", text.prepare},
                {"queue", std::max(image.queue, text.queue)},
                {"inference", std::max(image.inference, text.inference)},
                {"serialize", own(RequestStage::kSerialize)},
                {"compress", own(RequestStage::kCompress)},
                {"write", own(RequestStage::kWrite)}};
  std::erase_if(stages, [](const auto& stage) { return stage.second.count() == 0; });
  return stages;
}

std::string server_timing(const RequestTrace& trace, std::chrono::nanoseconds total) {
  std::string header;
  const auto append = [&header](std::string_view name, std::chrono::nanoseconds duration) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), ";dur=%.3f", std::chrono::duration<double, std::milli>(duration).count());
    header.append(header.empty() ? "" : ", ").append(name).append(text.data());
  };
  for (const auto& [stage, duration] : trace.stages()) append(stage, duration);
  append("total", total);
  return header;
}

}  // namespace mobileclip::server
