#include "engine/models/model_config_file.h"

#include <cmath>
#include <optional>
#include <string>

#include "engine/models/json_members.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

void read_preprocessing(const JsonMembers& members, ConfigHints& hints) {
  members.set(hints.mean, "mean", members.rgb("mean", /*must_be_positive=*/false));
  members.set(hints.std, "std", members.rgb("std", /*must_be_positive=*/true));
  members.allow_only("resize_mode", "shortest");
  const auto interpolation = members.string("interpolation");
  if (!interpolation) return;
  if (*interpolation != "bilinear" && *interpolation != "bicubic") {
    members.fail("interpolation", R"("bilinear" or "bicubic")", printable(*interpolation));
  }
  const bool bilinear = *interpolation == "bilinear";
  members.set(hints.interpolation, "interpolation",
              std::optional(bilinear ? Interpolation::kBilinear : Interpolation::kBicubic));
}

/// timm's names may carry the tag of their weights: "fastvit_mci0.apple_mclip2_dfndr2b".
std::string without_tag(const std::string& name) { return name.substr(0, name.find('.')); }

/// A ViT's embedding is its class token's; what pools otherwise has the same tensors and other embeddings.
void check_timm_head(const JsonMembers& members, const ImageConfig& tower) {
  const auto pool = members.string("timm_pool");
  if (pool && *pool != "token" && std::holds_alternative<VitConfig>(tower)) {
    members.fail("timm_pool", R"("token", which is all this engine does for )" + tower_name(tower), printable(*pool));
  }
  if (members.find("timm_proj")) members.allow_only("timm_proj", "");  // the tower's own head projects
}

void read_timm_tower(const JsonMembers& members, const char* key, ConfigHints& hints) {
  const auto name = members.string(key);
  if (!name) return;
  const ImageConfig* const tower = find_image_tower(without_tag(*name));
  if (!tower) members.fail(key, "one of " + image_tower_names(), printable(*name));
  check_timm_head(members, *tower);
  if (hints.image && *hints.image != *tower) {
    members.fail(key, tower_name(*hints.image) + ", as the configuration says elsewhere", printable(*name));
  }
  hints.image = *tower;
}

/// Either a whole model's name or an image tower's.
void read_name(const JsonMembers& members, const char* key, ConfigHints& hints) {
  const auto name = members.string(key);
  if (name && find_image_tower(without_tag(*name))) {
    read_timm_tower(members, key, hints);
  } else {
    members.set(hints.model_name, key, name);
  }
}

/// Rounded down, as open_clip does.
int mlp_width(const JsonMembers& members, int width) {
  constexpr double kDefaultRatio = 4;
  return static_cast<int>(width * members.positive_number("mlp_ratio").value_or(kDefaultRatio));
}

std::optional<float> layer_norm_eps(const JsonMembers& members) {
  const auto arguments = members.object("norm_kwargs");
  const auto eps = arguments ? arguments->positive_number("eps") : std::nullopt;
  return eps ? std::optional(static_cast<float>(*eps)) : std::nullopt;
}

/// open_clip's CLIPVisionCfg without a timm tower, its defaults included.
void read_open_clip_vit(const JsonMembers& vision, ConfigHints& hints) {
  if (const auto* const layers = vision.find("layers"); layers && layers->is_array()) {
    vision.fail("layers", "a ViT's number of layers", "a list, as of a ResNet, which is not supported");
  }
  vision.allow_only("attentional_pool", false);
  vision.allow_only("global_average_pool", false);
  vision.allow_only("pool_type", "tok");
  vision.allow_only("input_patchnorm", false);
  vision.allow_only("qk_norm", false);
  vision.allow_only("scaled_cosine_attn", false);
  vision.refuse("ls_init_value", "layer scale");
  vision.refuse("act_kwargs", "an activation with arguments");
  VitConfig vit{.patch_size = 16};
  vit.width = vision.positive("width").value_or(vit.width);
  vit.layers = vision.positive("layers").value_or(vit.layers);
  vit.patch_size = vision.positive("patch_size").value_or(vit.patch_size);
  vit.mlp_width = mlp_width(vision, vit.width);
  vit.pre_norm = !vision.boolean("no_ln_pre").value_or(false);
  vit.layer_norm_eps = layer_norm_eps(vision).value_or(vit.layer_norm_eps);
  const int head_width = vision.positive("head_width").value_or(64);
  if (vit.width % head_width != 0) {
    vision.fail("head_width", "a divisor of the width, " + std::to_string(vit.width), std::to_string(head_width));
  }
  vit.heads = vit.width / head_width;
  hints.image = vit;
}

void read_text_tower(const JsonMembers& members, ConfigHints& hints) {
  members.set(hints.width, "width", members.positive("width"));
  members.set(hints.heads, "heads", members.positive("heads"));
  members.set(hints.layers, "layers", members.positive("layers"));
  members.set(hints.context_length, "context_length", members.positive("context_length"));
  members.set(hints.vocab_size, "vocab_size", members.positive("vocab_size"));
  members.set(hints.causal, "causal", members.boolean("causal"));
  if (const auto no_mask = members.boolean("no_causal_mask")) {
    members.set(hints.causal, "no_causal_mask", std::optional(!*no_mask));
  }
  if (members.find("mlp_ratio")) {
    members.set(hints.mlp_width, "mlp_ratio",
                std::optional(mlp_width(members, hints.width.value_or(TextConfig{}.width))));
  }
  members.set(hints.layer_norm_eps, "norm_kwargs", layer_norm_eps(members));
  members.allow_only("pool_type", "argmax");
  members.allow_only("proj_type", "linear");
  members.allow_only("proj_bias", false);
  members.allow_only("embed_cls", false);
  members.refuse("hf_model_name", "a text tower other than CLIP's");
  members.refuse("ls_init_value", "layer scale");
  members.refuse("act_kwargs", "an activation with arguments");
  if (const auto tokenizer = members.object("tokenizer_kwargs")) tokenizer->allow_only("clean", "lower");
}

/// The defaults of open_clip's CLIPTextCfg, which its own configurations leave out.
void apply_open_clip_text_defaults(ConfigHints& hints) {
  constexpr TextConfig kDefaults{};
  hints.width = hints.width.value_or(kDefaults.width);
  hints.heads = hints.heads.value_or(kDefaults.heads);
  hints.layers = hints.layers.value_or(kDefaults.layers);
  hints.mlp_width = hints.mlp_width.value_or(4 * *hints.width);
  hints.context_length = hints.context_length.value_or(kDefaults.context_length);
  hints.vocab_size = hints.vocab_size.value_or(kDefaults.vocab_size);
  hints.causal = hints.causal.value_or(true);
}

void read_vision_tower(const JsonMembers& vision, ConfigHints& hints) {
  vision.set(hints.image_size, "image_size", vision.square("image_size"));
  if (vision.find("timm_model_name")) {
    read_timm_tower(vision, "timm_model_name", hints);
  } else {
    read_open_clip_vit(vision, hints);
  }
}

void read_model(const JsonMembers& model, ConfigHints& hints) {
  model.set(hints.embed_dim, "embed_dim", model.positive("embed_dim"));
  model.set(hints.quick_gelu, "quick_gelu", model.boolean("quick_gelu"));
  model.refuse("multimodal_cfg", "CoCa");
  model.refuse("init_logit_bias", "SigLIP");
  if (const auto vision = model.object("vision_cfg")) read_vision_tower(*vision, hints);
  if (const auto text = model.object("text_cfg")) {
    text->allow_only("quick_gelu", false);  // model_cfg's affair
    read_text_tower(*text, hints);
    apply_open_clip_text_defaults(hints);
    hints.quick_gelu = hints.quick_gelu.value_or(false);
  }
}

void read_flat(const JsonMembers& members, ConfigHints& hints) {
  read_name(members, "model_name", hints);
  read_name(members, "architecture", hints);
  read_timm_tower(members, "timm_model_name", hints);
  members.set(hints.embed_dim, "embed_dim", members.positive("embed_dim"));
  members.set(hints.image_size, "image_size", members.square("image_size"));
  read_preprocessing(members, hints);
  read_text_tower(members, hints);
  members.set(hints.logit_scale, "logit_scale", members.logarithm("logit_scale"));
  const auto origin = members.string("synthetic_origin");
  if (members.boolean("synthetic").value_or(false)) hints.synthetic = origin.value_or("origin unknown");
}

}  // namespace

void read_config_file(const fs::path& file, ConfigHints& hints) {
  const nlohmann::ordered_json document = read_json_object(file);
  const JsonMembers members(document, file, "");
  const auto model = members.object("model_cfg");
  const auto preprocessing = members.object("preprocess_cfg");
  if (model) read_model(*model, hints);
  if (preprocessing) {
    read_preprocessing(*preprocessing, hints);
    if (!hints.image_size) hints.image_size = preprocessing->square("size");  // open_clip prefers the tower's own
  }
  if (!model) read_model(members, hints);  // OpenCLIP's own repository keeps model_cfg's members at the top
  read_flat(members, hints);
}

}  // namespace mobileclip
