// A model's identity: same weights and preprocessing, same fingerprint, whatever files they came from.
#pragma once

#include <string>

#include "engine/models/config.h"
#include "engine/models/model_directory.h"

namespace mobileclip {

/// Hex SHA-256 over these lines, each ended by "\n", towers' tensors in the order of their names:
///   image <size> <interpolation> <mean…> <std…>          text <heads> <causal|bidirectional> <context_length>
///   image.<name> <shape> <hex SHA-256 of the float32 values>        text.<name> …
/// Tensors are hashed on several threads: one after the other would take a second for the largest model.
std::string fingerprint(const ModelConfig& config, const TowerWeights& image, const TowerWeights& text);

}  // namespace mobileclip
