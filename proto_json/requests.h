// The native protocol's JSON requests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/runtime/engine.h"
#include "proto_json/output_options.h"

namespace mobileclip::proto {

/// What a caller may ask of every item; the same names in JSON, multipart fields and query parameters.
struct EmbedOptions {
  std::string model = {};  ///< by which to embed; empty: the server's first
  bool normalize = true;
  int dimensions = 0;                           ///< 0: all the model has
  bool truncate = true;                         ///< texts only
  std::optional<std::string> prompt_name = {};  ///< texts only: EmbedRequest's
  OutputOptions output = {};                    ///< of replies that are embeddings
};

struct EmbedTextRequest {
  std::vector<std::string> texts;
  EmbedOptions options;
};

/// An image whose base64 is bad is an error in its own place, as a damaged one is later.
struct EmbedImageRequest {
  std::vector<Result<ImageBytes>> images;
  EmbedOptions options;
};

/// Rows are images then image_embeddings, columns texts then text_embeddings; either side may be empty.
struct SimilarityRequest {
  std::vector<Result<ImageBytes>> images;
  std::vector<std::string> texts;
  std::vector<std::vector<float>> image_embeddings;
  std::vector<std::vector<float>> text_embeddings;
  EmbedOptions options;
};

// Each takes the body and the options that hold where the body sets none. All errors are kInvalidArgument; the body is
// not needed afterwards. Empty lists are left for the caller, who knows what else came.

/// {"texts": [str, …] | str  (or "text": the same), "model"?, "normalize"?, "dimensions"?, "truncate"?,
/// "prompt_name"?: str | null, OutputOptions'?}
Result<EmbedTextRequest> parse_embed_text(std::string_view body, const EmbedOptions& defaults = {});

/// {"images": [base64 or data URI, …] | one  (or "image": the same), "model"?, "normalize"?, "dimensions"?,
/// OutputOptions'?}
Result<EmbedImageRequest> parse_embed_image(std::string_view body, const EmbedOptions& defaults = {});

/// {"images"?, "texts"?, "image_embeddings"?: [[…]], "text_embeddings"?: [[…]], "model"?, "dimensions"?, "truncate"?,
/// "normalize"?, "prompt_name"?: str | null}
Result<SimilarityRequest> parse_similarity(std::string_view body, const EmbedOptions& defaults = {});

}  // namespace mobileclip::proto
