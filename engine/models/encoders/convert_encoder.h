// A text encoder in another form: a Hugging Face or sentence-transformers directory → the same layout.
#pragma once

#include <filesystem>

#include "engine/base/progress.h"
#include "engine/models/convert.h"

namespace mobileclip {

/// As convert_model(), of a `source` for which is_sentence_directory() holds: model.safetensors without the tensors
/// that no embedding needs, config.json with "quantization" where the form is quantised, and the other configurations,
/// vocabularies and Dense modules as they are; but for reference_embeddings.json, whose numbers are the source's.
ConvertReport convert_encoder(const std::filesystem::path& source, const std::filesystem::path& target,
                              const WeightsForm& form, const Progress& progress = {});

}  // namespace mobileclip
