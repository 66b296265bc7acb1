// The numbers that `selftest` compares with: tests/golden/*.json, part of the binary so that it can check itself
// anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mobileclip::server {

using Embeddings = std::vector<std::vector<float>>;

/// What the float64 reference gives for synthetic weights (tests/reference/make_goldens.py), before normalisation.
struct SyntheticGolden {
  std::uint64_t seed;
  std::vector<std::vector<std::int32_t>> text_ids;
  Embeddings text;
  int image_size;    ///< of the pattern images, 0 to image.size() - 1
  Embeddings image;  ///< from fused weights, where there are two forms
  std::optional<Embeddings> image_train_form = {};  ///< from weights as OpenCLIP publishes them
};

/// What the published MobileCLIP2-S0 gives, as others measured it.
struct RealGolden {
  std::string text;
  std::vector<std::int32_t> token_ids;
  std::vector<float> text_embedding;
};

/// nullopt for a model that has none.
std::optional<SyntheticGolden> synthetic_golden(std::string_view model);
std::optional<RealGolden> real_golden(std::string_view model);

}  // namespace mobileclip::server
