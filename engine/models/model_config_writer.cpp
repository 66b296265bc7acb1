#include "engine/models/model_config_writer.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "engine/models/directory_layout.h"
#include "engine/models/json_members.h"

namespace mobileclip {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

/// JSON numbers are doubles. The one to write for a float: OpenAI's constants as everybody spells them, else the one
/// with the shortest decimal form that reads back as this float.
double as_double(float value) {
  for (const double published : {0.48145466, 0.4578275, 0.40821073, 0.26862954, 0.26130258, 0.27577711}) {
    if (static_cast<float>(published) == value) return published;
  }
  std::array<char, 32> text{};
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double exact = 0;
  std::from_chars(text.data(), end, exact);
  return exact;
}

Json rgb_json(const std::array<float, 3>& channels) {
  Json array = Json::array();
  for (const float v : channels) array.push_back(as_double(v));
  return array;
}

const char* interpolation_name(Interpolation interpolation) {
  return interpolation == Interpolation::kBilinear ? "bilinear" : "bicubic";
}

/// Twice, as mlx-lm writes it: "quantization_config" is where Hugging Face's tools look.
Json with_quantization(Json document, const AffineFormat& format) {
  const Json quantization = {{"group_size", format.group_size}, {"bits", format.bits}, {"mode", "affine"}};
  document["quantization"] = quantization;
  document["quantization_config"] = quantization;
  return document;
}

/// The ratio that open_clip, which rounds the product down, makes `mlp_width` of.
double mlp_ratio(int width, int mlp_width) {
  const double ratio = static_cast<double>(mlp_width) / width;
  return static_cast<int>(width * ratio) == mlp_width ? ratio : std::nextafter(ratio, 2 * ratio);
}

/// What of CLIPVisionCfg or CLIPTextCfg is written only where it is not the default.
void add_uncommon(Json& tower, int width, int mlp_width, float layer_norm_eps) {
  if (mlp_width != 4 * width) tower["mlp_ratio"] = mlp_ratio(width, mlp_width);
  if (layer_norm_eps != 1e-5F) tower["norm_kwargs"] = {{"eps", as_double(layer_norm_eps)}};
}

/// open_clip's vision_cfg without the image's size.
Json vision_json(const ImageConfig& image) {
  const auto* const vit = std::get_if<VitConfig>(&image);
  if (vit && vit->module == VitConfig::Module::kOpenClip) {
    Json vision = {{"layers", vit->layers},
                   {"width", vit->width},
                   {"head_width", vit->width / vit->heads},
                   {"patch_size", vit->patch_size}};
    add_uncommon(vision, vit->width, vit->mlp_width, vit->layer_norm_eps);
    if (!vit->pre_norm) vision["no_ln_pre"] = true;
    return vision;
  }
  return {{"timm_model_name", tower_name(image)},
          {"timm_model_pretrained", false},
          {"timm_pool", vit ? "token" : "avg"},
          {"timm_proj", nullptr},
          {"timm_drop", 0.0},
          {"timm_drop_path", 0.0}};
}

bool is_named_by_timm(const ImageConfig& image) {
  return std::visit([](const auto& tower) { return !tower.name.empty(); }, image);
}

void write_json(const fs::path& file, const Json& document) {
  std::ofstream stream(file, std::ios::binary);
  stream << document.dump(2) << '\n';
  stream.close();
  if (!stream) throw std::system_error(errno, std::generic_category(), file.string() + ": cannot be written");
}

}  // namespace

void write_split_configs(const fs::path& directory, const ModelConfig& config, const SplitConfigExtras& extras) {
  Json image = {{"model_name", config.name},
                {"embed_dim", config.embed_dim},
                {"image_size", config.preprocess.image_size},
                {"mean", rgb_json(config.mean)},
                {"std", rgb_json(config.std)},
                {"interpolation", interpolation_name(config.preprocess.interpolation)},
                {"resize_mode", "shortest"}};
  if (is_named_by_timm(config.image)) {
    image["timm_model_name"] = tower_name(config.image);
  } else {
    image["vision_cfg"] = vision_json(config.image);
  }
  Json text = {{"model_name", config.name},
               {"embed_dim", config.embed_dim},
               {"context_length", config.text.context_length},
               {"vocab_size", config.text.vocab_size},
               {"width", config.text.width},
               {"heads", config.text.heads},
               {"layers", config.text.layers},
               {"no_causal_mask", !config.text.causal},
               {"logit_scale", as_double(extras.logit_scale)}};
  add_uncommon(text, config.text.width, config.text.mlp_width, config.text.layer_norm_eps);
  if (config.text.quick_gelu) {
    for (Json* const document : {&image, &text}) (*document)["quick_gelu"] = true;
  }
  if (extras.synthetic) {
    for (Json* const document : {&image, &text}) {
      (*document)["synthetic"] = true;
      (*document)["synthetic_origin"] = *extras.synthetic;
    }
  }
  write_json(directory / kImageConfigFile, image);
  write_json(directory / kTextConfigFile, text);
}

void write_quantization_config(const fs::path& directory, const AffineFormat& format) {
  write_json(directory / kMlxConfigFile, with_quantization(Json::object(), format));
}

void write_encoder_config(const fs::path& source, const fs::path& target, const std::optional<AffineFormat>& format) {
  Json document = read_json_object(source);
  std::size_t erased = 0;
  for (const char* const member : {"quantization", "quantization_config"}) erased += document.erase(member);
  if (!format && erased == 0) {
    fs::copy_file(source, target);  // the same bytes: they are part of the model's fingerprint
    return;
  }
  write_json(target, format ? with_quantization(std::move(document), *format) : document);
}

bool has_custom_text(const ModelConfig& config) { return is_named_by_timm(config.image); }

void write_open_clip_config(const fs::path& directory, const ModelConfig& config) {
  Json text = {{"context_length", config.text.context_length},
               {"vocab_size", config.text.vocab_size},
               {"width", config.text.width},
               {"heads", config.text.heads},
               {"layers", config.text.layers}};
  if (!config.text.causal) text["no_causal_mask"] = true;
  add_uncommon(text, config.text.width, config.text.mlp_width, config.text.layer_norm_eps);
  Json vision = vision_json(config.image);
  vision["image_size"] = config.preprocess.image_size;
  Json model = {{"embed_dim", config.embed_dim}, {"vision_cfg", vision}, {"text_cfg", text}};
  if (config.text.quick_gelu) model["quick_gelu"] = true;
  if (has_custom_text(config)) model["custom_text"] = true;
  const Json document = {{"model_cfg", model},
                         {"preprocess_cfg",
                          {{"mean", rgb_json(config.mean)},
                           {"std", rgb_json(config.std)},
                           {"interpolation", interpolation_name(config.preprocess.interpolation)},
                           {"resize_mode", "shortest"}}}};
  write_json(directory / kOpenClipConfigFile, document);
}

}  // namespace mobileclip
