// Decides, from a request's head alone, whether its body is worth reading.
#pragma once

#include <cstddef>
#include <optional>

#include "server/http/body_budget.h"
#include "server/http/lifecycle.h"
#include "server/http/router.h"

namespace mobileclip::server {

/// Thread-safe.
class Admission {
 public:
  Admission(const Lifecycle& lifecycle, const BodyBudget& budget, std::size_t max_body_bytes)
      : lifecycle_(lifecycle), budget_(budget), max_body_bytes_(max_body_bytes) {}

  /// The refusal, where there is one: 411, 413, 429 or 503.
  [[nodiscard]] std::optional<Response> refuse(const RequestHead& head, const Endpoint& endpoint) const;

 private:
  const Lifecycle& lifecycle_;
  const BodyBudget& budget_;
  std::size_t max_body_bytes_;
};

/// The 413 that a body over the limit gets, announced or not.
HttpError body_too_large(std::size_t max_body_bytes);

/// The 429 that a body gets while others hold all the memory that bodies may.
HttpError no_room_for_body();

}  // namespace mobileclip::server
