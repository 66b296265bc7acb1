// Tokenisers of text encoders as Hugging Face's libraries save them: WordPiece, byte-level BPE, Unigram.
#pragma once

#include <filesystem>
#include <memory>

#include "engine/tokenizer/tokenizer.h"

namespace mobileclip {

/// `path` is a tokenizer.json, a vocab.txt (BERT's; with the tokenizer_config.json beside it, if any), or a directory,
/// of which the first of these is taken. Throws LoadError, which names file, item, expected and found; also where the
/// file asks for something that we do not do.
std::unique_ptr<Tokenizer> load_hf_tokenizer(const std::filesystem::path& path);

/// True where `directory` holds a file that load_hf_tokenizer() takes.
bool hf_tokenizer_exists_in(const std::filesystem::path& directory);

/// True where `path`, a file or a directory, is for load_hf_tokenizer() rather than for ClipTokenizer::load(), whose
/// tokenizer.json differs from others in that words end with "</w>". Throws LoadError where a JSON file is damaged.
bool is_hf_tokenizer(const std::filesystem::path& path);

}  // namespace mobileclip
