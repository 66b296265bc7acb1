// Hugging Face's CLIPModel directories (transformers, models/clip): its tensors in OpenCLIP's names, its configuration.
#pragma once

#include <filesystem>

#include "engine/models/config_hints.h"
#include "engine/models/quantization_config.h"
#include "engine/weights/tensor_store.h"

namespace mobileclip {

inline constexpr const char* kHuggingFaceConfigFile = "config.json";
inline constexpr const char* kHuggingFacePreprocessorFile = "preprocessor_config.json";

/// Whether `directory` has a config.json whose model_type is "clip". Throws LoadError where the file cannot be read.
bool is_hugging_face_clip(const std::filesystem::path& directory);

struct OpenClipTensors {
  TensorStore store;
  QuantizationConfig quantization;  ///< of the modules by their new names
};

/// The tensors of a CLIPModel as OpenCLIP's CLIP class has them ("visual.…" and the text tower's bare names): renamed,
/// the query, key and value projections joined, the two last projections transposed. Quantised modules stay so where
/// OpenCLIP has a module in their place; positions, the last projections and projections to be joined that are not
/// quantised alike are restored. Names that no CLIPModel has stay as they are. The result keeps `store`'s backing.
/// Throws LoadError where one of the tensors to be joined is missing or unlike the others, or where one to be restored
/// does not fit the configuration.
OpenClipTensors with_open_clip_names(const TensorStore& store, const QuantizationConfig& quantization);

/// Adds what config.json and, where it is there, preprocessor_config.json say, transformers' defaults included.
/// LoadErrors name file and member.
void read_hugging_face_configs(const std::filesystem::path& directory, ConfigHints& hints);

}  // namespace mobileclip
