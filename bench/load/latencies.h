// Every latency of a run, and its percentiles.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <vector>

namespace mobileclip::bench {

class Latencies {
 public:
  void add(std::chrono::nanoseconds latency) { values_.push_back(latency); }
  void sort() { std::sort(values_.begin(), values_.end()); }

  [[nodiscard]] std::size_t count() const { return values_.size(); }
  /// In milliseconds, of sorted values: the smallest that `percent` of all do not exceed. 0 where there are none.
  [[nodiscard]] double percentile(double percent) const {
    if (values_.empty()) return 0;
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values_.size())));
    const auto value = values_[std::clamp<std::size_t>(rank, 1, values_.size()) - 1];
    return std::chrono::duration<double, std::milli>(value).count();
  }

 private:
  std::vector<std::chrono::nanoseconds> values_;
};

}  // namespace mobileclip::bench
