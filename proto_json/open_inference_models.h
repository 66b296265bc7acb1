// The table of the models that the Open Inference Protocol shows. Internal to proto_json.
#pragma once

#include <cstddef>
#include <string_view>

#include "proto_json/open_inference.h"

namespace mobileclip::proto {

struct InferModelSpec {
  InferModel model;
  std::string_view name;
  std::string_view input;
  std::string_view datatype;
  std::size_t rank;  ///< of the input
};

inline constexpr std::string_view kInferOutput = "embedding";

const InferModelSpec& infer_spec(InferModel model);

}  // namespace mobileclip::proto
