// Weaviate's multi2vec-clip inference API (github.com/weaviate/multi2vec-clip-inference).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/runtime/engine.h"

namespace mobileclip::proto {

struct WeaviateRequest {
  std::vector<std::string> texts;
  std::vector<Result<ImageBytes>> images;
};

/// {"texts"?: [str] | null, "images"?: [base64] | null}: Weaviate writes null for an empty list. Errors are
/// kInvalidArgument; an image whose base64 is bad is one in its own place.
Result<WeaviateRequest> parse_weaviate(std::string_view body);

struct WeaviateReply {
  std::vector<std::vector<float>> texts;
  std::vector<std::vector<float>> images;
};

std::string weaviate_reply(const WeaviateReply& reply);  ///< {"textVectors", "imageVectors"}
std::string weaviate_error(std::string_view message);    ///< {"error"}

/// GET /meta: what Weaviate shows of its module.
std::string weaviate_meta(const EngineInfo& engine, std::string_view version);

}  // namespace mobileclip::proto
