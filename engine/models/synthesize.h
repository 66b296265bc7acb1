// Writes a model directory of synthetic weights (weights/synthetic.h): the whole architecture, embeddings that mean
// nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "engine/base/progress.h"
#include "engine/models/config.h"
#include "engine/weights/tensor_store.h"

namespace mobileclip {

/// Which of the published layouts to write.
enum class DirectoryForm {
  kSplit,     ///< two files, image tower fused
  kOpenClip,  ///< one file, image tower in its train form
};

struct SynthesizeOptions {
  DirectoryForm form = DirectoryForm::kSplit;
  std::uint64_t seed = 1;
  DType dtype = DType::kF32;  ///< kF32, kF16 or kBF16
  /// A vocabulary in any form that ClipTokenizer takes, file or directory, copied. Without it: demo_tokenizer_json().
  std::optional<std::filesystem::path> vocabulary;
};

/// Makes `directory` (new or empty, see OutputDirectory) with weights, configuration and vocabulary. Progress counts
/// bytes. Throws LoadError for a vocabulary that cannot be used, std::system_error where writing fails; then
/// `directory` is as before.
void synthesize_model(const ModelConfig& model, const std::filesystem::path& directory,
                      const SynthesizeOptions& options, const Progress& progress = {});

}  // namespace mobileclip
