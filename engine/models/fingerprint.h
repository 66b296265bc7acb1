// A model's identity: same weights and preprocessing, same fingerprint, whatever files they came from.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "engine/models/config.h"
#include "engine/models/model_directory.h"

namespace mobileclip {

/// Hex SHA-256 over these lines, each ended by "\n", towers' tensors in the order of their names:
///   image <size> <interpolation> <mean…> <std…>          vit <heads> <quick_gelu|gelu> <eps>, of ViTs only
///   text <heads> <causal|bidirectional> <context_length>, and where they apply " quick_gelu", an eps other than 1e-5
///   image.<name> <shape> <hex SHA-256 of the float32 values>        text.<name> …
///   text.<name> <shape> in <bits> bits in groups of <group_size> <hex SHA-256 of words> <of scales> <of biases>
/// Tensors are hashed on several threads: one after the other would take a second for the largest model.
std::string fingerprint(const ModelConfig& config, const TowerWeights& image, const TowerWeights& text);

/// Tensors under a prefix of their names.
struct NamedTower {
  std::string prefix;  ///< "text."
  const TowerWeights* weights;
};

/// The same of a model of another family: hex SHA-256 over `preamble`, which ends in "\n", and the towers' lines.
std::string fingerprint(const std::string& preamble, std::span<const NamedTower> towers);

/// Hex SHA-256 of a file's bytes. Throws LoadError where it cannot be read.
std::string file_digest(const std::filesystem::path& file);

}  // namespace mobileclip
