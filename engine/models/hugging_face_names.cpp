#include "engine/models/hugging_face_names.h"

#include <algorithm>
#include <array>

namespace mobileclip {
namespace {

struct Mapping {
  std::string_view hugging_face;
  std::string_view open_clip;
  NameChange change = NameChange::kRename;
};

/// Whole names, and prefixes that end in ".".
constexpr std::array kModel{
    Mapping{"logit_scale", "logit_scale"},
    Mapping{"vision_model.embeddings.class_embedding", "visual.class_embedding"},
    Mapping{"vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"},
    Mapping{"vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight"},
    Mapping{"vision_model.pre_layrnorm.", "visual.ln_pre."},  // so spelt
    Mapping{"vision_model.post_layernorm.", "visual.ln_post."},
    Mapping{"visual_projection.weight", "visual.proj", NameChange::kTranspose},
    Mapping{"text_model.embeddings.token_embedding.weight", "token_embedding.weight"},
    Mapping{"text_model.embeddings.position_embedding.weight", "positional_embedding"},
    Mapping{"text_model.final_layer_norm.", "ln_final."},
    Mapping{"text_projection.weight", "text_projection", NameChange::kTranspose},
};

/// Where the layers are, each "<prefix><number>.".
constexpr std::array kLayers{
    Mapping{"vision_model.encoder.layers.", "visual.transformer.resblocks."},
    Mapping{"text_model.encoder.layers.", "transformer.resblocks."},
};

/// Of a layer. What is joined is so in the order of this table.
constexpr std::array kLayer{
    Mapping{"layer_norm1.", "ln_1."},
    Mapping{"self_attn.q_proj.weight", "attn.in_proj_weight", NameChange::kJoin},
    Mapping{"self_attn.k_proj.weight", "attn.in_proj_weight", NameChange::kJoin},
    Mapping{"self_attn.v_proj.weight", "attn.in_proj_weight", NameChange::kJoin},
    Mapping{"self_attn.q_proj.bias", "attn.in_proj_bias", NameChange::kJoin},
    Mapping{"self_attn.k_proj.bias", "attn.in_proj_bias", NameChange::kJoin},
    Mapping{"self_attn.v_proj.bias", "attn.in_proj_bias", NameChange::kJoin},
    Mapping{"self_attn.out_proj.", "attn.out_proj."},
    Mapping{"layer_norm2.", "ln_2."},
    Mapping{"mlp.fc1.", "mlp.c_fc."},
    Mapping{"mlp.fc2.", "mlp.c_proj."},
};

template <std::size_t N>
std::optional<OpenClipName> mapped(const std::array<Mapping, N>& table, std::string_view name) {
  for (const Mapping& row : table) {
    const bool is_prefix = row.hugging_face.ends_with('.');
    if (is_prefix ? !name.starts_with(row.hugging_face) : name != row.hugging_face) continue;
    const std::string_view rest = is_prefix ? name.substr(row.hugging_face.size()) : "";
    OpenClipName result{.name = std::string(row.open_clip).append(rest), .change = row.change};
    for (const Mapping* before = table.data(); before != &row; ++before) {
      if (row.change == NameChange::kJoin && before->open_clip == row.open_clip) ++result.part;
    }
    return result;
  }
  return std::nullopt;
}

}  // namespace

std::optional<OpenClipName> open_clip_name(std::string_view name) {
  for (const Mapping& layers : kLayers) {
    if (!name.starts_with(layers.hugging_face)) continue;
    const std::string_view rest = name.substr(layers.hugging_face.size());
    const std::size_t dot = std::min(rest.find('.'), rest.size() - 1) + 1;  // behind the number
    std::optional<OpenClipName> result = mapped(kLayer, rest.substr(dot));
    if (result) result->name = std::string(layers.open_clip).append(rest.substr(0, dot)) + result->name;
    return result;
  }
  return mapped(kModel, name);
}

bool is_position_ids(std::string_view name) { return name.ends_with(".embeddings.position_ids"); }

}  // namespace mobileclip
