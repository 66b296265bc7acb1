// What stands beside a vocabulary and changes how it is used, as transformers' AutoTokenizer takes it.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/tokenizer/json_node.h"

namespace mobileclip::hf {

/// tokenizer_config.json of `directory`, an object; empty where there is none. Where it has no "added_tokens_decoder"
/// (files from before 2023), special_tokens_map.json goes before it, and added_tokens.json makes one, as in
/// PreTrainedTokenizerBase._from_pretrained. Throws LoadError.
nlohmann::json read_tokenizer_config(const std::filesystem::path& directory);

/// Changes the document of a tokenizer.json as the configuration beside it asks for. What the configuration does not
/// say stays as the file has it. Throws LoadError where it asks for something that we do not do.
///
/// * "do_lower_case", "strip_accents", "tokenize_chinese_chars": of a BertNormalizer, but not for
///   PreTrainedTokenizerFast, which does not look at them (BertTokenizerFast.__init__).
/// * "add_prefix_space": of a ByteLevel pre-tokeniser (RobertaTokenizerFast, PreTrainedTokenizerFast).
/// * "truncation_side", and "pad_token" as the padding.
/// * "added_tokens_decoder" and the named special tokens: added tokens, in place of the file's of the same content
///   (PreTrainedTokenizerFast.__init__). A special token that neither file gives an id is none.
void apply_tokenizer_config(const JsonNode& config, nlohmann::json& tokenizer);

/// Special tokens stand in the configuration as strings or as objects.
std::string token_content(const JsonNode& token);

/// "tokenizer_class" without the "Fast" of classes that the Rust library serves; empty where none is named.
std::string tokenizer_class(const JsonNode& config);

}  // namespace mobileclip::hf
