// A model directory of any family, read.
#pragma once

#include <filesystem>
#include <variant>

#include "engine/base/progress.h"
#include "engine/models/encoders/sentence_model.h"
#include "engine/models/model_directory.h"

namespace mobileclip {

using LoadedModel = std::variant<LoadedClipModel, LoadedSentenceModel>;

/// Reads `directory`, whose files tell the family. Throws LoadError naming what is missing, misshapen, unused, NaN or
/// infinite.
LoadedModel load_model(const std::filesystem::path& directory, const Progress& progress = {});

}  // namespace mobileclip
