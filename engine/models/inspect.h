// What is in a weights file or a model directory, whether or not it can be served.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/weights/tensor_store.h"

namespace mobileclip {

struct InspectedTensor {
  std::string name;
  DType dtype;
  Shape shape;
  std::uint64_t elements;
};

struct InspectedFile {
  std::filesystem::path path;
  std::string format;                           ///< "safetensors", "sharded safetensors", "npz"
  std::map<std::string, std::string> metadata;  ///< safetensors' __metadata__
  std::vector<InspectedTensor> tensors;         ///< sorted by name
  std::uint64_t parameters = 0;                 ///< elements of floating-point tensors (counters are not parameters)
  std::uint64_t bytes = 0;                      ///< of tensor data
  std::string recognised;  ///< "image tower of MobileCLIP2-S0, fused form"; empty where it is no model's
  std::string problem;     ///< why the file cannot be read; empty where it can
};

/// Strings are empty where there is nothing to say.
struct Inspection {
  std::vector<InspectedFile> files;
  bool is_directory = false;

  // Of a directory only.
  std::string layout;       ///< as LoadedClipModel::source_layout
  std::string model;        ///< "MobileCLIP2-S0"
  std::string image_form;   ///< "fused" or "train"
  std::string conv_layout;  ///< "OIHW" or "OHWI"
  std::string vocabulary;   ///< "49408 tokens"
  std::string fingerprint;
  float logit_scale = 0;  ///< 0 where the model does not load
  bool synthetic = false;
  std::vector<std::string> problems;  ///< why it cannot be served; empty where it can
};

/// `path` is a weights file (.safetensors, .safetensors.index.json, .npz) or a model directory. Reads all values of a
/// directory's weights. Throws LoadError only where `path` is neither; whatever else is wrong is reported as a problem.
Inspection inspect(const std::filesystem::path& path);

}  // namespace mobileclip
