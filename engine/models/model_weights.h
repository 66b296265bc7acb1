// A model directory without its vocabulary: what load_model, conversion and inspection share.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/base/progress.h"
#include "engine/models/directory_layout.h"
#include "engine/models/model_directory.h"
#include "engine/models/tower_reader.h"

namespace mobileclip {

/// Movable. Tensors that were not fused or converted borrow from the mapped files.
struct ModelWeights {
  DirectoryLayout layout;
  ModelConfig config;
  TowerWeights image;  ///< fused
  TowerWeights text;
  float logit_scale;     ///< the logarithm, as stored
  ImageForm image_form;  ///< as stored; of MCi towers
  ConvLayout conv_layout;
  std::optional<std::string> synthetic;  ///< where made-up values came from: "seed 1"
  StoredModel stored;                    ///< ask it for damage once the values were read
};

/// A directory whose files hold every tensor that its configuration asks for, in the right shapes; no value was read.
struct OpenedModel {
  DirectoryLayout layout;
  ModelConfig config;
  ImageForm image_form;
  ConvLayout conv_layout;
  std::optional<float> logit_scale;  ///< the logarithm, where a configuration rather than the weights has it
  std::optional<std::string> synthetic;
  StoredModel stored;
};

/// Throws LoadError naming what is missing, misshapen or unused.
OpenedModel open_model(const std::filesystem::path& directory);

/// Reads, checks and fuses. Progress counts tensors. Throws LoadError naming what is missing, misshapen, unused, NaN or
/// infinite, or a file truncated meanwhile.
ModelWeights read_model_weights(const std::filesystem::path& directory, const Progress& progress = {});

/// Throws LoadError where a file was truncated since it was mapped, so that values read from it mean nothing.
void check_undamaged(const ModelWeights& weights);

}  // namespace mobileclip
