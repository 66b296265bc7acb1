// Decides, from a request's head alone, whether its client may call what it asks for.
#pragma once

#include <optional>

#include "server/http/api_keys.h"
#include "server/http/router.h"

namespace mobileclip::server {

/// Thread-safe.
class AccessControl {
 public:
  /// `keys` may be null, which asks for none; else it outlives this.
  explicit AccessControl(const ApiKeys* keys = nullptr) : keys_(keys) {}

  /// The refusal, where there is one: 401.
  [[nodiscard]] std::optional<Response> refuse(const RequestHead& head, const Endpoint& endpoint) const;

 private:
  const ApiKeys* keys_;
};

}  // namespace mobileclip::server
