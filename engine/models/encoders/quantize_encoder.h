// A text encoder's matrices into MLX's affine form: a Hugging Face or sentence-transformers directory → the same
// layout.
#pragma once

#include <filesystem>

#include "engine/base/progress.h"
#include "engine/models/quantize_model.h"

namespace mobileclip {

/// Reads `source` (is_sentence_directory), writes `target` (see OutputDirectory): model.safetensors without the tensors
/// that no embedding needs, config.json with "quantization", and the other configurations, vocabularies and Dense
/// modules as they are. Reads the result back and compares every word. Throws LoadError for a source that cannot be
/// used or a result that differs, std::system_error where writing fails; then `target` is as before.
QuantizeReport quantize_encoder(const std::filesystem::path& source, const std::filesystem::path& target,
                                const QuantizeOptions& options, const Progress& progress = {});

}  // namespace mobileclip
