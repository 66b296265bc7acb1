// Accounts for one request from its head to its answer, whichever way it ends: in flight, outcome, durations, log line.
#pragma once

#include <chrono>
#include <string_view>

#include "server/http/lifecycle.h"
#include "server/metrics/metrics.h"

namespace mobileclip::server {

class RequestScope {
 public:
  struct Subject {
    Metrics::RouteIndex route;
    std::string_view path;    ///< of the route, for the log: never what the client sent
    std::string_view method;  ///< likewise
    bool log = false;         ///< write an access log line
  };

  RequestScope(Metrics& metrics, Lifecycle& lifecycle, const Subject& subject);
  ~RequestScope();
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;

  /// To be called once the response is written; a request that ends without it counts as unanswered.
  void answered(unsigned status, std::size_t body_bytes);

  /// Measures from its construction to its destruction.
  class StageTimer {
   public:
    StageTimer(Metrics& metrics, RequestStage stage) : metrics_(metrics), stage_(stage) {}
    ~StageTimer() { metrics_.request_stage(stage_, std::chrono::steady_clock::now() - start_); }
    StageTimer(const StageTimer&) = delete;
    StageTimer& operator=(const StageTimer&) = delete;

   private:
    Metrics& metrics_;
    RequestStage stage_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  };
  [[nodiscard]] StageTimer time(RequestStage stage) { return {metrics_, stage}; }

 private:
  Metrics& metrics_;
  Lifecycle& lifecycle_;
  Subject subject_;
  unsigned status_ = Metrics::kNoAnswer;
  std::size_t body_bytes_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace mobileclip::server
