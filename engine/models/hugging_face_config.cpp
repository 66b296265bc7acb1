// What transformers' CLIPConfig and CLIPImageProcessor say, with their defaults (models/clip/configuration_clip.py,
// image_processing_clip.py).
#include <cmath>
#include <string>

#include "engine/models/hugging_face_clip.h"
#include "engine/models/json_members.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

/// What both towers' configurations have.
struct TowerConfig {
  int width;
  int layers;
  int heads;
  int mlp_width;
  bool quick_gelu = true;
  float layer_norm_eps = 1e-5F;
};

bool is_quick_gelu(const JsonMembers& tower) {
  const std::string activation = tower.string("hidden_act").value_or("quick_gelu");
  if (activation != "quick_gelu" && activation != "gelu") {
    tower.fail("hidden_act", R"("quick_gelu" or "gelu")", printable(activation));
  }
  return activation == "quick_gelu";
}

TowerConfig read_tower(const JsonMembers& tower, const TowerConfig& defaults) {
  const auto eps = tower.positive_number("layer_norm_eps");
  return {.width = tower.positive("hidden_size").value_or(defaults.width),
          .layers = tower.positive("num_hidden_layers").value_or(defaults.layers),
          .heads = tower.positive("num_attention_heads").value_or(defaults.heads),
          .mlp_width = tower.positive("intermediate_size").value_or(defaults.mlp_width),
          .quick_gelu = is_quick_gelu(tower),
          .layer_norm_eps = eps ? static_cast<float>(*eps) : defaults.layer_norm_eps};
}

void read_text_config(const JsonMembers& config, ConfigHints& hints) {
  const TowerConfig tower = read_tower(config, {.width = 512, .layers = 12, .heads = 8, .mlp_width = 2048});
  hints.width = tower.width;
  hints.layers = tower.layers;
  hints.heads = tower.heads;
  hints.mlp_width = tower.mlp_width;
  hints.layer_norm_eps = tower.layer_norm_eps;
  hints.quick_gelu = tower.quick_gelu;
  hints.context_length = config.positive("max_position_embeddings").value_or(TextConfig{}.context_length);
  hints.vocab_size = config.positive("vocab_size").value_or(TextConfig{}.vocab_size);
  hints.causal = true;
}

void read_vision_config(const JsonMembers& config, ConfigHints& hints) {
  const TowerConfig tower = read_tower(config, {.width = 768, .layers = 12, .heads = 12, .mlp_width = 3072});
  config.allow_only("num_channels", 3);
  if (tower.quick_gelu != hints.quick_gelu) {
    config.fail("hidden_act", "the text tower's activation", tower.quick_gelu ? "\"quick_gelu\"" : "another");
  }
  hints.image = VitConfig{.width = tower.width,
                          .layers = tower.layers,
                          .heads = tower.heads,
                          .mlp_width = tower.mlp_width,
                          .patch_size = config.positive("patch_size").value_or(32),
                          .layer_norm_eps = tower.layer_norm_eps};
  hints.image_size = config.square("image_size").value_or(224);
}

/// 224, {"height": 224, "width": 224} or {"shortest_edge": 224}.
std::optional<int> edge(const JsonMembers& processor, const char* key) {
  const auto* const value = processor.find(key);
  if (!value || !value->is_object()) return processor.square(key);
  const JsonMembers sizes = *processor.object(key);
  if (const auto shortest = sizes.positive("shortest_edge")) return shortest;
  const auto height = sizes.positive("height");
  if (!height || height != sizes.positive("width")) {
    processor.fail(key, "one size, of the shortest edge or of a square", value->dump());
  }
  return height;
}

void read_processor(const JsonMembers& processor, ConfigHints& hints) {
  for (const char* const step : {"do_resize", "do_center_crop", "do_normalize", "do_rescale"}) {
    processor.allow_only(step, true);
  }
  hints.mean = processor.rgb("image_mean", /*must_be_positive=*/false);
  hints.std = processor.rgb("image_std", /*must_be_positive=*/true);
  for (const char* const key : {"size", "crop_size"}) {
    const auto pixels = edge(processor, key);
    if (pixels && pixels != hints.image_size) {
      processor.fail(key, std::to_string(*hints.image_size) + ", as vision_config says", std::to_string(*pixels));
    }
  }
  if (const auto* const size = processor.find("size"); size && size->is_object() && !size->contains("shortest_edge")) {
    processor.fail("size", "a shortest_edge: a resize that keeps the image's proportions", size->dump());
  }
  constexpr int kPillowBilinear = 2;
  constexpr int kPillowBicubic = 3;
  const int resample = processor.positive("resample").value_or(kPillowBicubic);
  if (resample != kPillowBilinear && resample != kPillowBicubic) {
    processor.fail("resample", "2, bilinear, or 3, bicubic", std::to_string(resample));
  }
  hints.interpolation = resample == kPillowBilinear ? Interpolation::kBilinear : Interpolation::kBicubic;
}

}  // namespace

bool is_hugging_face_clip(const fs::path& directory) {
  const fs::path file = directory / kHuggingFaceConfigFile;
  if (!fs::exists(file)) return false;
  const auto document = read_json_object(file);
  return JsonMembers(document, file, "").string("model_type") == "clip";
}

void read_hugging_face_configs(const fs::path& directory, ConfigHints& hints) {
  static const JsonMembers::Json kNothing = JsonMembers::Json::object();  // all of it by default
  const fs::path file = directory / kHuggingFaceConfigFile;
  const auto document = read_json_object(file);
  const JsonMembers members(document, file, "");
  hints.embed_dim = members.positive("projection_dim").value_or(512);
  read_text_config(members.object("text_config").value_or(JsonMembers(kNothing, file, "text_config.")), hints);
  read_vision_config(members.object("vision_config").value_or(JsonMembers(kNothing, file, "vision_config.")), hints);
  const fs::path processor_file = directory / kHuggingFacePreprocessorFile;
  if (!fs::exists(processor_file)) return;
  const auto processor = read_json_object(processor_file);
  read_processor(JsonMembers(processor, processor_file, ""), hints);
}

}  // namespace mobileclip
