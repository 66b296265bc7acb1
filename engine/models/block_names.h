// What checkpoints call the parts of a pre-norm transformer block.
#pragma once

#include <string_view>

namespace mobileclip {

/// Names below a block's scope. Norms and linear layers have a ".weight" and a ".bias"; attention's input projection,
/// [3 * width, width] with the queries' rows first, is two names, since open_clip keeps it as bare parameters.
struct BlockNames {
  std::string_view ln_1;
  std::string_view in_proj_weight;
  std::string_view in_proj_bias;
  std::string_view out_proj;
  std::string_view ln_2;
  std::string_view c_fc;
  std::string_view c_proj;
};

/// open_clip transformer.py::ResidualAttentionBlock, whose names ours are.
inline constexpr BlockNames kOpenClipBlock{.ln_1 = "ln_1",
                                           .in_proj_weight = "attn.in_proj_weight",
                                           .in_proj_bias = "attn.in_proj_bias",
                                           .out_proj = "attn.out_proj",
                                           .ln_2 = "ln_2",
                                           .c_fc = "mlp.c_fc",
                                           .c_proj = "mlp.c_proj"};

/// timm vision_transformer.py::Block.
inline constexpr BlockNames kTimmBlock{.ln_1 = "norm1",
                                       .in_proj_weight = "attn.qkv.weight",
                                       .in_proj_bias = "attn.qkv.bias",
                                       .out_proj = "attn.proj",
                                       .ln_2 = "norm2",
                                       .c_fc = "mlp.fc1",
                                       .c_proj = "mlp.fc2"};

}  // namespace mobileclip
