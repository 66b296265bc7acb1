// A CLIP model as it lies on disk, in any layout we take, read into one form: fused float32 tensors by the fused
// table's names, a configuration, a tokeniser.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "engine/base/progress.h"
#include "engine/models/config.h"
#include "engine/models/tensor_table.h"
#include "engine/tokenizer/clip_tokenizer.h"
#include "engine/weights/tensor_store.h"

namespace mobileclip {

/// Fused tensors of a tower by the names of the fused table. Complete and of the right shapes: whoever holds one need
/// not check. Convolution weights are OIHW whatever the file had.
using TowerWeights = std::map<std::string, FloatTensor, std::less<>>;

struct LoadedClipModel {
  ModelConfig config;
  TowerWeights image;
  TowerWeights text;
  float logit_scale;  ///< the factor itself, exp() of the stored logarithm; 100 where the layout stores none
  ClipTokenizer tokenizer;
  std::string fingerprint;        ///< hex SHA-256 over names, shapes and values as used, and the preprocessing
  std::string source_layout;      ///< "split", "OpenCLIP", "split npz"
  bool synthetic = false;         ///< made by `synthesize`: its embeddings mean nothing
  std::function<bool()> damaged;  ///< see TensorStore::damaged; check after the weights were read
};

/// Reads `directory`. Throws LoadError naming what is missing, misshapen, unused, NaN or infinite.
LoadedClipModel load_clip_model(const std::filesystem::path& directory, const Progress& progress = {});

}  // namespace mobileclip
