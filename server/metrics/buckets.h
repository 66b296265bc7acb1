// The histograms' boundaries. Internal to server/metrics.
#pragma once

#include <prometheus/histogram.h>

#include <chrono>

namespace mobileclip::server {

inline double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

/// 50 µs to 10 s: a tokenisation to a queue's whole timeout.
inline prometheus::Histogram::BucketBoundaries duration_buckets() {
  return {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

inline prometheus::Histogram::BucketBoundaries batch_buckets() { return {1, 2, 4, 8, 16, 32, 64, 128}; }

}  // namespace mobileclip::server
