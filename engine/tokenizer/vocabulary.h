// CLIP's vocabulary: which ids symbols have and which of them merge, from any of its public file forms.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/tokenizer/bpe.h"

namespace mobileclip {

struct ClipVocabulary {
  std::array<std::int32_t, 256> byte_ids;       ///< by byte, inside a word
  std::array<std::int32_t, 256> last_byte_ids;  ///< by byte, at a word's end
  std::vector<BpeMerge> merges;                 ///< best first
  std::int32_t start_of_text;
  std::int32_t end_of_text;
  std::size_t size;  ///< the highest id plus one: rows that an embedding table needs
};

/// `path` is tokenizer.json, vocab.json or merges.txt (the other one beside it), bpe_simple_vocab_16e6.txt or .txt.gz,
/// or a directory, of which the first of these is taken. Files are told apart by what is in them. Throws LoadError,
/// which names file, item, expected and found.
ClipVocabulary load_clip_vocabulary(const std::filesystem::path& path);

bool clip_vocabulary_exists_in(const std::filesystem::path& directory);

}  // namespace mobileclip
