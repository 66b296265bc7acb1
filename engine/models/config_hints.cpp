#include "engine/models/config_hints.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"

namespace mobileclip {
namespace {

constexpr int kChannelMultiple = 16;  // of the blocks that activations come in (tensor/blocked.h)

/// The tower that the hints describe, if they do.
std::optional<ImageConfig> hinted_image(const ConfigHints& hints) {
  std::optional<ImageConfig> image = hints.image;
  if (!image) return image;
  if (auto* const vit = std::get_if<VitConfig>(&*image); vit && vit->module == VitConfig::Module::kOpenClip) {
    vit->quick_gelu = hints.quick_gelu.value_or(false);
  }
  return image;
}

/// The known model that `name` and `image` mean; nullptr where they mean none.
const ModelConfig* find_base(const ConfigHints& hints, const std::optional<ImageConfig>& image) {
  if (hints.model_name) {
    if (const ModelConfig* named = find_model(*hints.model_name)) return named;
  }
  if (!image) return nullptr;
  const auto models = known_models();
  const auto same = std::ranges::find(models, *image, &ModelConfig::image);
  return same == models.end() ? nullptr : &*same;
}

/// For a tower that no known model has: `base` in all but the tower, with open_clip's PreprocessCfg.
ModelConfig with_tower(ModelConfig base, const ImageConfig& image) {
  base.name = "CLIP (" + tower_name(image) + ")";
  base.image = image;
  base.preprocess.image_size = 224;
  base.preprocess.interpolation = Interpolation::kBicubic;
  base.mean = kOpenAiMean;
  base.std = kOpenAiStd;
  return base;
}

class Check {
 public:
  explicit Check(const std::filesystem::path& file) : file_(file) {}

  [[noreturn]] void fail(const std::string& what) const { throw LoadError(file_.string() + ": " + what); }

  void channels(const char* what, int value) const {
    if (value < 1 || value % kChannelMultiple != 0) {
      fail(std::string("expected ") + what + " that is a multiple of " + std::to_string(kChannelMultiple) + ", found " +
           std::to_string(value));
    }
  }

  void heads(const char* tower, int width, int heads) const {
    if (heads < 1 || width % heads != 0) {
      fail(std::string("expected ") + tower + " width that is a multiple of its heads, found " + std::to_string(width) +
           " and " + std::to_string(heads));
    }
    channels((std::string(tower) + " width").c_str(), width);
  }

  void image(const ModelConfig& config) const {
    const auto* vit = std::get_if<VitConfig>(&config.image);
    if (!vit) return;
    heads("an image", vit->width, vit->heads);
    channels("an image MLP width", vit->mlp_width);
    if (vit->patches(config.preprocess.image_size) < 1) {
      fail("expected an image size of at least a patch, " + std::to_string(vit->patch_size) + ", found " +
           std::to_string(config.preprocess.image_size));
    }
  }

 private:
  const std::filesystem::path& file_;
};

}  // namespace

ModelConfig resolve_config(const ConfigHints& hints, const ModelConfig& closest, const std::filesystem::path& file) {
  const Check check(file);
  const std::optional<ImageConfig> image = hinted_image(hints);
  const bool is_named = hints.model_name && find_model(*hints.model_name);
  const ModelConfig* base = image && closest.image == *image && !is_named ? &closest : find_base(hints, image);
  if (!base) base = &closest;
  if (is_named && image && base->image != *image) {
    check.fail("expected the image tower " + tower_name(base->image) + " for " + base->name + ", found " +
               tower_name(*image));
  }

  ModelConfig config = image && base->image != *image ? with_tower(*base, *image) : *base;
  config.name = hints.model_name.value_or(config.name);
  config.embed_dim = hints.embed_dim.value_or(config.embed_dim);
  config.preprocess.image_size = hints.image_size.value_or(config.preprocess.image_size);
  config.preprocess.interpolation = hints.interpolation.value_or(config.preprocess.interpolation);
  config.mean = hints.mean.value_or(config.mean);
  config.std = hints.std.value_or(config.std);
  TextConfig& text = config.text;
  const int head_dim = text.width / text.heads;  // the same in every CLIP text tower
  const int mlp_ratio = text.mlp_width / text.width;
  text.width = hints.width.value_or(text.width);
  text.heads = hints.heads.value_or(text.width / head_dim);
  text.layers = hints.layers.value_or(text.layers);
  text.mlp_width = hints.mlp_width.value_or(text.width * mlp_ratio);
  text.context_length = hints.context_length.value_or(text.context_length);
  text.vocab_size = hints.vocab_size.value_or(text.vocab_size);
  text.causal = hints.causal.value_or(text.causal);
  text.quick_gelu = hints.quick_gelu.value_or(text.quick_gelu);
  text.layer_norm_eps = hints.layer_norm_eps.value_or(text.layer_norm_eps);

  check.channels("an embedding width", config.embed_dim);
  check.heads("a text", text.width, text.heads);
  check.channels("a text MLP width", text.mlp_width);
  check.image(config);
  return config;
}

}  // namespace mobileclip
