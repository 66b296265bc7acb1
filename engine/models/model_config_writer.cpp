#include "engine/models/model_config_writer.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

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

void write_json(const fs::path& file, const Json& document) {
  std::ofstream stream(file, std::ios::binary);
  stream << document.dump(2) << '\n';
  stream.close();
  if (!stream) throw std::system_error(errno, std::generic_category(), file.string() + ": cannot be written");
}

}  // namespace

void write_split_configs(const fs::path& directory, const ModelConfig& config, const SplitConfigExtras& extras) {
  Json image = {{"model_name", config.name},
                {"timm_model_name", config.image.name},
                {"embed_dim", config.embed_dim},
                {"image_size", config.preprocess.image_size},
                {"mean", rgb_json(config.mean)},
                {"std", rgb_json(config.std)},
                {"interpolation", interpolation_name(config.preprocess.interpolation)},
                {"resize_mode", "shortest"}};
  Json text = {{"model_name", config.name},
               {"embed_dim", config.embed_dim},
               {"context_length", config.text.context_length},
               {"vocab_size", config.text.vocab_size},
               {"width", config.text.width},
               {"heads", config.text.heads},
               {"layers", config.text.layers},
               {"no_causal_mask", !config.text.causal},
               {"logit_scale", as_double(extras.logit_scale)}};
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

void add_quantization_config(const fs::path& source, const fs::path& target, const AffineFormat& format) {
  write_json(target, with_quantization(read_json_object(source), format));
}

void write_open_clip_config(const fs::path& directory, const ModelConfig& config) {
  Json text = {{"context_length", config.text.context_length},
               {"vocab_size", config.text.vocab_size},
               {"width", config.text.width},
               {"heads", config.text.heads},
               {"layers", config.text.layers}};
  if (!config.text.causal) text["no_causal_mask"] = true;
  const Json document = {{"model_cfg",
                          {{"embed_dim", config.embed_dim},
                           {"vision_cfg",
                            {{"timm_model_name", config.image.name},
                             {"timm_model_pretrained", false},
                             {"timm_pool", "avg"},
                             {"timm_proj", nullptr},
                             {"timm_drop", 0.0},
                             {"timm_drop_path", 0.0},
                             {"image_size", config.preprocess.image_size}}},
                           {"text_cfg", text},
                           {"custom_text", true}}},
                         {"preprocess_cfg",
                          {{"mean", rgb_json(config.mean)},
                           {"std", rgb_json(config.std)},
                           {"interpolation", interpolation_name(config.preprocess.interpolation)},
                           {"resize_mode", "shortest"}}}};
  write_json(directory / kOpenClipConfigFile, document);
}

}  // namespace mobileclip
