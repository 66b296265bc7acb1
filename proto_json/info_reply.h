// GET /info: what is served, how, and within which limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/runtime/engine.h"

namespace mobileclip::proto {

struct InfoModel {
  std::string_view id;
  const EngineInfo& engine;
};

struct InfoReply {
  std::string_view version;           ///< of the server
  std::string_view revision;          ///< the commit it was built from
  std::span<const InfoModel> models;  ///< what is said of a model is said of the first; then all are listed
  const EngineOptions& options;
  std::size_t max_body_bytes;
  std::size_t max_items_per_request;
  std::int64_t request_timeout_ms;
};

std::string info_reply(const InfoReply& reply);

}  // namespace mobileclip::proto
