// A CLIP model as it lies on disk, in any layout we take, read into one form: fused float32 tensors by the fused
// table's names, a configuration, a tokeniser.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "engine/base/progress.h"
#include "engine/models/config.h"
#include "engine/models/tower_weights.h"
#include "engine/tokenizer/clip_tokenizer.h"

namespace mobileclip {

struct LoadedClipModel {
  ModelConfig config;
  // Complete, fused, of the table's shapes: whoever holds them need not check. Convolution weights are OIHW whatever
  // the file had.
  TowerWeights image;
  TowerWeights text;
  float logit_scale;  ///< the factor itself, exp() of the stored logarithm; 100 where the layout stores none
  ClipTokenizer tokenizer;
  std::string fingerprint;        ///< hex SHA-256 over names, shapes and values as used, and the preprocessing
  std::string source_layout;      ///< as DirectoryLayout::name()
  bool synthetic = false;         ///< made by `synthesize`: its embeddings mean nothing
  std::function<bool()> damaged;  ///< see TensorStore::damaged; check after the weights were read
};

/// Reads `directory`. Throws LoadError naming what is missing, misshapen, unused, NaN or infinite.
LoadedClipModel load_clip_model(const std::filesystem::path& directory, const Progress& progress = {});

}  // namespace mobileclip
