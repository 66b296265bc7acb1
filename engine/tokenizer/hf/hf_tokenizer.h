// Tokenisers of text encoders as Hugging Face's libraries save them: WordPiece, byte-level BPE, Unigram.
#pragma once

#include <filesystem>
#include <memory>

#include "engine/tokenizer/tokenizer.h"

namespace mobileclip {

/// `path` is a tokenizer.json, a vocab.txt (BERT's), vocab.json or merges.txt (RoBERTa's or DeBERTa's; the other one
/// beside it), or a directory, of which the first of these is taken. But for a tokenizer.json given by itself,
/// tokenizer_config.json and its like in the same folder have their say, as with transformers' AutoTokenizer
/// (tokenizer_config.h). Throws LoadError, which names file, item, expected and found; also where a file asks for
/// something that we do not do.
std::unique_ptr<Tokenizer> load_hf_tokenizer(const std::filesystem::path& path);

/// True where `path`, a file or a directory, is for load_hf_tokenizer() rather than for ClipTokenizer::load(), in whose
/// vocabularies words end with "</w>". Throws LoadError where a JSON file is damaged.
bool is_hf_tokenizer(const std::filesystem::path& path);

}  // namespace mobileclip
