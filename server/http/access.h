// Who may call an endpoint.
#pragma once

namespace mobileclip::server {

enum class Access {
  kKeyed,    ///< whoever has an API key, where keys are asked for
  kPage,     ///< anyone: pages and descriptions, which hold nothing of the model
  kProbe,    ///< anyone: health, which orchestrators ask for without a key
  kMetrics,  ///< as kKeyed; where there is an admin port, only there, and anyone
};

}  // namespace mobileclip::server
