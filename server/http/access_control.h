// Decides, from a request's head alone, whether its client may call what it asks for.
#pragma once

#include <optional>

#include "server/http/api_keys.h"
#include "server/http/router.h"

namespace mobileclip::server {

/// Thread-safe.
class AccessControl {
 public:
  /// Which routes are served here.
  enum class Port {
    kOnly,   ///< all
    kWork,   ///< all but metrics, which the admin port serves
    kAdmin,  ///< health and metrics, to anyone
  };

  /// `keys` may be null, which asks for none; else it outlives this.
  explicit AccessControl(Port port = Port::kOnly, const ApiKeys* keys = nullptr) : port_(port), keys_(keys) {}

  /// The refusal, where there is one: 401, or 404 for what another port serves.
  [[nodiscard]] std::optional<Response> refuse(const RequestHead& head, const Endpoint& endpoint) const;

 private:
  [[nodiscard]] bool serves(Access access) const;
  [[nodiscard]] bool asks_for_key(Access access) const;

  Port port_;
  const ApiKeys* keys_;
};

}  // namespace mobileclip::server
