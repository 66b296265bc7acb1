// Decides, from a request's head alone, whether its body is worth reading.
#pragma once

#include <cstddef>
#include <optional>

#include "server/http/lifecycle.h"
#include "server/http/router.h"

namespace mobileclip::server {

/// Thread-safe.
class Admission {
 public:
  Admission(const Lifecycle& lifecycle, std::size_t max_body_bytes)
      : lifecycle_(lifecycle), max_body_bytes_(max_body_bytes) {}

  /// The refusal, where there is one: 411, 413 or 503.
  [[nodiscard]] std::optional<Response> refuse(const RequestHead& head, const Endpoint& endpoint) const;

 private:
  const Lifecycle& lifecycle_;
  std::size_t max_body_bytes_;
};

/// The 413 that a body over the limit gets, announced or not.
HttpError body_too_large(std::size_t max_body_bytes);

}  // namespace mobileclip::server
