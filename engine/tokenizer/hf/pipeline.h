// What a text goes through from code points to ids, and where its description comes from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "engine/tokenizer/hf/added_tokens.h"
#include "engine/tokenizer/hf/normalizer.h"
#include "engine/tokenizer/hf/post_processor.h"
#include "engine/tokenizer/hf/pre_tokenizer.h"
#include "engine/tokenizer/hf/token_model.h"
#include "engine/tokenizer/tokenizer.h"

namespace mobileclip::hf {

struct Pipeline {
  std::unique_ptr<const Normalizer> normalizer;       ///< may be null
  std::unique_ptr<const PreTokenizer> pre_tokenizer;  ///< may be null: the model gets whole texts
  std::unique_ptr<const TokenModel> model;
  AddedTokens added_tokens;
  Frame frame;
  std::int32_t padding = -1;  ///< the token that fills up a batch's shorter texts; -1 where there is none
  CutSide cut_side = CutSide::kRight;
};

/// Of a tokenizer.json. Of its "truncation" the direction counts, the length is left to the caller; "decoder" says
/// nothing about ids. Throws LoadError.
Pipeline parse_tokenizer_json(const JsonNode& json);

/// What load_hf_tokenizer() takes (hf_tokenizer.h). Throws LoadError.
Pipeline load_pipeline(const std::filesystem::path& path);

}  // namespace mobileclip::hf
