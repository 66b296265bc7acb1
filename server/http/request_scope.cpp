#include "server/http/request_scope.h"

namespace mobileclip::server {

RequestScope::RequestScope(Metrics& metrics, Lifecycle& lifecycle, const Subject& subject)
    : metrics_(metrics), lifecycle_(lifecycle), subject_(subject) {
  metrics_.request_started();
  lifecycle_.request_started();
}

RequestScope::~RequestScope() {
  const std::chrono::nanoseconds total = elapsed();
  metrics_.request_stage(RequestStage::kTotal, total);
  metrics_.request_finished(subject_.route, status_);
  lifecycle_.request_finished();
  if (subject_.log == nullptr) return;
  subject_.log->write({.id = trace_->id,
                       .method = subject_.method,
                       .route = subject_.path,
                       .status = status_,
                       .bytes_in = trace_->received_bytes,
                       .bytes_out = body_bytes_,
                       .total = total,
                       .stages = trace_->stages(),
                       .images = trace_->items(Lane::kImage),
                       .texts = trace_->items(Lane::kText),
                       .batch = trace_->largest_batch()});
}

void RequestScope::answered(unsigned status, std::size_t body_bytes) {
  status_ = status;
  body_bytes_ = body_bytes;
}

}  // namespace mobileclip::server
