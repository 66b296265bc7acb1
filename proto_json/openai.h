// OpenAI's embeddings API, with what Jina and Infinity add to it: images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/runtime/engine.h"
#include "proto_json/requests.h"

namespace mobileclip::proto {

inline constexpr std::size_t kMaxOpenAiInputs = 2048;

/// Inputs sorted by kind; there are token ids only where there are no texts.
struct OpenAiEmbeddingsRequest {
  enum class Kind { kText, kImage };
  std::vector<std::string> texts;
  std::vector<TokenIds> token_ids;
  std::vector<Result<ImageBytes>> images;
  std::vector<Kind> order;  ///< of the inputs as they were given; token ids count as texts
  EmbedOptions options{.truncate = false};
  bool base64 = false;
};

/// {"input": str | [str | {"text": str} | {"image": str}] | [int] | [[int]], "model"?: str, "encoding_format"?:
/// "float" | "base64", "dimensions"?, "user"?, "modality"?: "text" | "image", "truncate"?: false, "prompt_name"?: str}.
/// All errors are kInvalidArgument; an image whose base64 is bad is one in its own place.
Result<OpenAiEmbeddingsRequest> parse_openai_embeddings(std::string_view body);

struct OpenAiEmbeddingsReply {
  std::string_view model;
  std::vector<std::vector<float>> embeddings;
  bool base64;  ///< of little-endian float32
  std::uint64_t tokens;
  std::vector<std::size_t> truncated;  ///< inputs that were cut; written where there are any
};

std::string openai_embeddings_reply(const OpenAiEmbeddingsReply& reply);

struct OpenAiModel {
  std::string_view id;
  std::int64_t created;  ///< Unix time
};

std::string openai_model(const OpenAiModel& model);
std::string openai_model_list(std::span<const OpenAiModel> models);

struct OpenAiError {
  std::string_view message;
  std::string_view type;
  std::string_view param;  ///< empty: null
  std::string_view code;
};

std::string openai_error(const OpenAiError& error);

}  // namespace mobileclip::proto
