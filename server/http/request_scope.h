// Accounts for one request from its head to its answer, whichever way it ends: in flight, outcome, durations, log line.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "server/http/lifecycle.h"
#include "server/http/request_trace.h"
#include "server/logging/access_log.h"
#include "server/metrics/metrics.h"

namespace mobileclip::server {

class RequestScope {
 public:
  struct Subject {
    Metrics::RouteIndex route;
    std::string_view path;           ///< of the route, for the log: never what the client sent
    std::string_view method;         ///< likewise
    const AccessLog* log = nullptr;  ///< null: no line
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
    StageTimer(Metrics& metrics, std::shared_ptr<RequestTrace> trace, RequestStage stage)
        : metrics_(metrics), trace_(std::move(trace)), stage_(stage) {}
    ~StageTimer() {
      const std::chrono::nanoseconds duration = std::chrono::steady_clock::now() - start_;
      metrics_.request_stage(stage_, duration);
      trace_->add(stage_, duration);
    }
    StageTimer(const StageTimer&) = delete;
    StageTimer& operator=(const StageTimer&) = delete;

   private:
    Metrics& metrics_;
    std::shared_ptr<RequestTrace> trace_;
    RequestStage stage_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  };
  [[nodiscard]] StageTimer time(RequestStage stage) { return {metrics_, trace_, stage}; }

  /// Shared with the request.
  [[nodiscard]] const std::shared_ptr<RequestTrace>& trace() const { return trace_; }
  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return std::chrono::steady_clock::now() - start_; }

 private:
  Metrics& metrics_;
  Lifecycle& lifecycle_;
  Subject subject_;
  unsigned status_ = Metrics::kNoAnswer;
  std::size_t body_bytes_ = 0;
  std::shared_ptr<RequestTrace> trace_ = std::make_shared<RequestTrace>();
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace mobileclip::server
