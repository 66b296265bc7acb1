#include "server/http/request_scope.h"

#include <spdlog/spdlog.h>

namespace mobileclip::server {

RequestScope::RequestScope(Metrics& metrics, Lifecycle& lifecycle, const Subject& subject)
    : metrics_(metrics), lifecycle_(lifecycle), subject_(subject) {
  metrics_.request_started();
  lifecycle_.request_started();
}

RequestScope::~RequestScope() {
  const auto duration = std::chrono::steady_clock::now() - start_;
  metrics_.request_stage(RequestStage::kTotal, duration);
  metrics_.request_finished(subject_.route, status_);
  lifecycle_.request_finished();
  if (subject_.log) {
    spdlog::info("{} {} {} {} bytes {:.1f} ms", subject_.method, subject_.path, status_, body_bytes_,
                 std::chrono::duration<double, std::milli>(duration).count());
  }
}

void RequestScope::answered(unsigned status, std::size_t body_bytes) {
  status_ = status;
  body_bytes_ = body_bytes;
}

}  // namespace mobileclip::server
