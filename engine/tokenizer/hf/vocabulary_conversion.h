// The tokenizer.json that transformers makes of vocabularies from before there was one (convert_slow_tokenizer.py).
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace mobileclip::hf {

// Each takes the configuration (read_tokenizer_config) for the names of the special tokens and writes those into it
// that it leaves to the tokeniser's class; apply_tokenizer_config() then does the rest. Each throws LoadError.

/// BERT's vocab.txt: a token a line, ids being their order (BertConverter).
nlohmann::json convert_vocab_txt(const std::filesystem::path& vocab, nlohmann::json& config);

/// GPT-2's vocab.json and merges.txt as RoBERTa uses them (RobertaConverter), or DeBERTa v1, whose special tokens have
/// BERT's names (DebertaConverter): by "tokenizer_class", or else by which of these the vocabulary has.
nlohmann::json convert_vocab_and_merges(const std::filesystem::path& vocab, const std::filesystem::path& merges,
                                        nlohmann::json& config);

}  // namespace mobileclip::hf
