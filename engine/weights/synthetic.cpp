// Each function is its namesake in tests/reference/synthetic.py, in the same order of float64 operations.
// Compiled with -ffp-contract=off: a fused multiply-add would round otherwise.
#include "engine/weights/synthetic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace mobileclip {
namespace {

constexpr std::uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;
constexpr double kLogOf100 = 4.605170185988092;  // the float64 nearest to ln 100: the same whatever libm

std::uint64_t fnv1a64(std::string_view name) {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3;
  return hash;
}

std::uint64_t splitmix64(std::uint64_t z) {
  z += kGolden;
  z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
  z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
  return z ^ (z >> 31);
}

/// Fused depthwise kernels that stand for x + conv(x): RepMixer and the positional encoding.
bool is_skip(std::string_view name) {
  return name.ends_with("token_mixer.reparam_conv.weight") || name.ends_with("pos_emb.reparam_conv.weight");
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::ranges::find(list, text) != list.end();
}

constexpr std::array<std::string_view, 17> kNorms{
    "bn",       "norm",       "identity", "ln_1",      "ln_2",          "ln_final",          "ln_pre",
    "ln_post",  "norm1",      "norm2",    "LayerNorm", "sa_layer_norm", "output_layer_norm", "attn_norm",
    "mlp_norm", "final_norm", "norm_pre"};
constexpr std::array<std::string_view, 4> kPositions{"positional_embedding", "pos_embed", "class_embedding",
                                                     "cls_token"};

struct Distribution {
  double offset;
  double spread;
};

/// Rules are tried in order; the first match wins.
Distribution distribution(std::string_view name, const Shape& shape) {
  const std::size_t last_dot = name.rfind('.');
  const std::string_view leaf = name.substr(last_dot + 1);  // npos + 1 is 0: the whole name
  std::string_view owner;                                   // the part before the leaf: tells norms from linear layers
  if (last_dot != name.npos) {
    owner = name.substr(0, last_dot);
    owner = owner.substr(owner.rfind('.') + 1);
  }
  if (leaf == "running_var") return {1.0, 0.5};
  if (leaf == "running_mean") return {0.0, 0.1};
  if (leaf == "gamma") return {0.15, 0.05};
  if (is_one_of(owner, kNorms) && leaf == "weight") return {1.0, 0.2};
  if (leaf == "bias" || leaf.ends_with("_bias")) return {0.0, 0.1};
  if (is_one_of(leaf, kPositions)) return {0.0, 0.1};
  if (name.ends_with("token_embedding.weight") || name.ends_with("_embeddings.weight")) return {0.0, 0.5};
  if (shape.size() >= 2) {                                                    // variance 1 / fan_in
    const bool is_input_first = leaf == "text_projection" || leaf == "proj";  // stored (in, out)
    const std::int64_t fan_in = is_input_first ? shape[0] : element_count({shape.begin() + 1, shape.end()});
    double gain = 1.0;
    if (name.find("reparam_conv") != name.npos) gain = is_skip(name) ? 0.2 : 1.7;
    return {0.0, gain * std::sqrt(3.0 / static_cast<double>(fan_in))};
  }
  if (leaf == "logit_scale") return {kLogOf100, 0.0};
  return {0.0, 0.1};
}

}  // namespace

void fill_synthetic(std::string_view name, const Shape& shape, std::uint64_t seed, std::span<float> out) {
  const auto [offset, spread] = distribution(name, shape);
  const std::uint64_t key = fnv1a64(name) ^ (seed * kGolden);
  const auto value = [&, offset = offset, spread = spread](std::uint64_t index) {
    const std::uint64_t bits = splitmix64(key + index * kGolden);
    const double u = static_cast<double>(static_cast<std::int64_t>(bits >> 40)) / 16777216.0;  // [0, 1)
    return offset + (2.0 * u - 1.0) * spread;
  };
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(value(i));

  if (!is_skip(name) || shape.size() != 4) return;
  const auto kernel = static_cast<std::size_t>(shape[2] * shape[3]);  // [C, 1, kh, kw]
  const auto centre = static_cast<std::size_t>(shape[2] / 2 * shape[3] + shape[3] / 2);
  for (std::size_t i = centre; i < out.size(); i += kernel) out[i] = static_cast<float>(value(i) + 1.0);
}

}  // namespace mobileclip
