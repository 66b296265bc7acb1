#include "engine/models/model_weights.h"

#include <cmath>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/hugging_face_clip.h"
#include "engine/models/model_config_file.h"
#include "engine/models/reparameterize.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

constexpr float kDefaultLogitScale = 4.6051702F;  // ln 100, where CLIP's training clamps it

struct ConfigFiles {
  ConfigHints hints;
  QuantizationConfig quantization;
  fs::path named_in_errors;
};

/// What any of the directory's configurations says of quantised modules: MLX writes it into config.json, others may
/// into the layout's own.
QuantizationConfig find_quantization(const fs::path& directory) {
  QuantizationConfig config;
  for (const std::string_view name : {kMlxConfigFile, kOpenClipConfigFile, kTextConfigFile, kImageConfigFile}) {
    const fs::path file = directory / name;
    QuantizationConfig found = read_quantization(file);
    if (!found.format || found == config) continue;
    if (config.format) throw LoadError(file.string() + ": expected the quantization that other configurations have");
    config = std::move(found);
  }
  return config;
}

ConfigFiles read_config_files(const DirectoryLayout& layout) {
  ConfigFiles config{
      .hints = {}, .quantization = find_quantization(layout.directory), .named_in_errors = layout.directory};
  const auto read_if_there = [&](std::string_view name) {
    const fs::path file = layout.directory / name;
    if (!fs::exists(file)) return;
    read_config_file(file, config.hints);
    config.named_in_errors = file;
  };
  switch (layout.named_by) {
    case NamedBy::kTowers:
      read_if_there(kTextConfigFile);
      read_if_there(kImageConfigFile);
      break;
    case NamedBy::kOpenClip:
      read_if_there(kOpenClipConfigFile);
      break;
    case NamedBy::kHuggingFace:
      read_hugging_face_configs(layout.directory, config.hints);
      config.named_in_errors = layout.directory / kHuggingFaceConfigFile;
      break;
  }
  return config;
}

/// Both towers at once, so that one look at the message shows all that is wrong.
void check_tensors(const StoredModel& stored, const DirectoryLayout& layout, const ModelConfig& config,
                   const TensorTable& image, const TensorTable& text, ImageForm form, ConvLayout conv_layout,
                   const QuantizationConfig& quantization) {
  TowerMismatch image_mismatch = compare(stored.image, image, conv_layout, quantization);
  TowerMismatch text_mismatch = compare(stored.text, text, ConvLayout::kOihw, quantization);
  std::string problems;
  const auto add = [&](const fs::path& file, const std::string& what, const TowerMismatch& mismatch) {
    if (mismatch.size() == 0) return;
    if (!problems.empty()) problems += ". ";
    problems += file.string() + ": expected the " + what + " of " + config.name;
    if (layout.named_by == NamedBy::kHuggingFace) problems += ", in OpenCLIP's names";
    problems += ": " + mismatch.describe();
  };
  const bool has_forms = std::holds_alternative<MciConfig>(config.image);
  add(layout.image_file, has_forms ? "image tower (" + std::string(to_string(form)) + " form)" : "image tower",
      image_mismatch);
  add(layout.text_file, "text tower", text_mismatch);
  TowerMismatch other;
  if (layout.named_by != NamedBy::kTowers && !stored.other.contains(kLogitScaleName))
    other.missing.emplace_back("'logit_scale' []");
  for (const auto& [name, tensor] : stored.other) {
    if (name != kLogitScaleName) {
      other.unused.push_back(printable(name) + " " + to_string(tensor->shape));
    } else if (element_count(tensor->shape) != 1) {
      other.misshapen.push_back("'logit_scale' expected [], found " + to_string(tensor->shape));
    }
  }
  add(layout.image_file, "rest", other);
  if (!problems.empty()) throw LoadError(problems);
}

float read_logit_scale(const StoredModel& stored, const ConfigHints& hints, const fs::path& file) {
  const auto tensor = stored.other.find(kLogitScaleName);
  if (tensor == stored.other.end()) return hints.logit_scale.value_or(kDefaultLogitScale);
  const float value = stored.image_store.floats(*tensor->second).values[0];
  if (!std::isfinite(std::exp(value))) {
    throw LoadError(file.string() + ": tensor 'logit_scale': expected a logarithm, found " + std::to_string(value));
  }
  return value;
}

}  // namespace

ModelWeights read_model_weights(const fs::path& directory, const Progress& progress) {
  DirectoryLayout layout = find_layout(directory);
  StoredModel stored = read_stored_model(layout);
  const ConfigFiles files = read_config_files(layout);
  ModelConfig config = resolve_config(files.hints, find_closest_model(stored.image, stored.text, files.quantization),
                                      files.named_in_errors);

  const ImageForm form = detect_image_form(stored.image);
  const ConvLayout conv_layout = detect_conv_layout(stored.image);
  const TensorTable image_table = image_tensors(config, form);
  const TensorTable text_table = text_tensors(config.text, config.embed_dim);
  check_tensors(stored, layout, config, image_table, text_table, form, conv_layout, files.quantization);

  TowerWeights image = read_tower(stored.image_store, stored.image, image_table, conv_layout, files.quantization,
                                  "reading image tower", progress);
  TowerWeights text = read_tower(stored.text_store, stored.text, text_table, ConvLayout::kOihw, files.quantization,
                                 "reading text tower", progress);
  if (const auto* mci = std::get_if<MciConfig>(&config.image); mci && form == ImageForm::kTrain) {
    image = fuse_image_tower(image, *mci, config.embed_dim);
  }

  const float logit_scale = read_logit_scale(stored, files.hints, layout.image_file);

  ModelWeights weights{.layout = std::move(layout),
                       .config = std::move(config),
                       .image = std::move(image),
                       .text = std::move(text),
                       .logit_scale = logit_scale,
                       .image_form = form,
                       .conv_layout = conv_layout,
                       .synthetic = stored.synthetic ? stored.synthetic : files.hints.synthetic,
                       .stored = std::move(stored)};
  check_undamaged(weights);
  return weights;
}

void check_undamaged(const ModelWeights& weights) {
  if (!weights.stored.damaged()) return;
  throw LoadError(weights.layout.directory.string() +
                  ": expected the weights to stay as they are while they are read, found a file truncated");
}

}  // namespace mobileclip
