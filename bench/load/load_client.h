// Sends load to a server over keep-alive connections of one thread, and checks every answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/latencies.h"
#include "bench/load/workload.h"

namespace mobileclip::bench {

struct Endpoint {
  std::string host;
  std::uint16_t port;
};

/// One stream of requests. Closed: each of `connections` sends its next request when it has its answer; latencies count
/// from sending. Open: requests are due at random moments, `rate` a second on average, whether or not earlier ones were
/// answered; latencies count from when a request was due, so that one slow answer does not hide the wait of those
/// behind it ("coordinated omission").
struct Stream {
  const Workload* work;
  std::size_t connections = 0;  ///< closed
  double rate = 0;              ///< open, where above 0
  bool may_refuse = false;      ///< 429 and 504 are answers, too
};

struct StreamResult {
  Latencies latencies;  ///< of the embeddings, sorted
  Latencies refusals;   ///< of the answers 429, sorted
  std::size_t expired;  ///< answers 504
  double seconds;       ///< from the first request to the last embedding
};

/// Asks each request of `work` alone and keeps the answers. Throws std::runtime_error where one is not 200 or has not
/// `dimensions` values.
void record_golden(const Endpoint& server, Workload& work, int dimensions);

/// Runs all streams at once for so long. Throws std::runtime_error at the first answer that is not the golden one, or a
/// refusal where the stream has none: there is no time for wrong answers.
std::vector<StreamResult> run_load(const Endpoint& server, const std::vector<Stream>& streams,
                                   std::chrono::duration<double> duration);

/// The embedding in an answer of /embed/image or /embed/text.
std::vector<float> embedding_in(const std::string& answer);

}  // namespace mobileclip::bench
