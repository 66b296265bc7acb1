// Text Embeddings Inference's API (github.com/huggingface/text-embeddings-inference, router/src/http/types.rs).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/runtime/engine.h"
#include "engine/tokenizer/tokenizer.h"
#include "proto_json/info_reply.h"
#include "proto_json/json_writer.h"
#include "proto_json/requests.h"

namespace mobileclip::proto {

/// Either texts or token ids, or neither.
struct TeiEmbedRequest {
  std::vector<std::string> texts;
  std::vector<TokenIds> token_ids;
  EmbedOptions options{.truncate = false};
  CutSide cut_side = CutSide::kRight;  ///< "truncation_direction"
};

/// The source sentence is the first of the texts.
struct TeiSimilarityRequest {
  std::vector<std::string> texts;
  EmbedOptions options{.truncate = false};
  CutSide cut_side = CutSide::kRight;  ///< "truncation_direction"
};

struct TeiTokenizeRequest {
  std::vector<std::string> texts;
  bool add_special_tokens = true;
};

// All errors are kInvalidArgument.

/// {"inputs": str | [str] | [int] | [[int]], "truncate"?: false, "truncation_direction"?, "normalize"?: true,
/// "dimensions"?, "prompt_name"?: null}
Result<TeiEmbedRequest> parse_tei_embed(std::string_view body);

/// Whether the body of a /similarity request is TEI's: an object that has "inputs".
bool is_tei_similarity(std::string_view body);
/// {"inputs": {"source_sentence": str, "sentences": [str]}, "parameters"?: {"truncate"?, "truncation_direction"?,
/// "prompt_name"?: null}}
Result<TeiSimilarityRequest> parse_tei_similarity(std::string_view body);

/// {"inputs": str | [str], "add_special_tokens"?: true, "prompt_name"?: null}
Result<TeiTokenizeRequest> parse_tei_tokenize(std::string_view body);

std::string tei_embed_reply(std::span<const std::vector<float>> embeddings);                             ///< [[f32]]
std::string tei_similarity_reply(std::span<const float> cosines);                                        ///< [f32]
std::string tei_tokenize_reply(std::span<const std::vector<TokenSpan>> texts, bool add_special_tokens);  ///< [[{…}]]
std::string tei_error(std::string_view error, std::string_view error_type);

/// TEI's fields of /info, beside ours. The JSON object is the caller's.
void write_tei_info(JsonWriter& json, const InfoReply& reply);

}  // namespace mobileclip::proto
