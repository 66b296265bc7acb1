// Vocabulary files brought into a model directory under the names that ClipTokenizer::load looks for.
#pragma once

#include <filesystem>

namespace mobileclip {

/// `source` is a vocabulary file in any form (vocab.json and merges.txt stand for each other) or a directory that holds
/// some. False where it has none to copy. Throws std::filesystem::filesystem_error.
bool copy_vocabulary(const std::filesystem::path& source, const std::filesystem::path& directory);

}  // namespace mobileclip
