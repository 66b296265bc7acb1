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
  fs::path named_in_errors;
};

ConfigFiles read_config_files(const DirectoryLayout& layout) {
  ConfigFiles config{.hints = {}, .named_in_errors = layout.directory};
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
                   const TensorTable& image, const TensorTable& text, ImageForm form, ConvLayout conv_layout) {
  TowerMismatch image_mismatch = compare(stored.image, image, conv_layout, stored.quantization);
  TowerMismatch text_mismatch = compare(stored.text, text, ConvLayout::kOihw, stored.quantization);
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

float read_logit_scale(const OpenedModel& model) {
  const auto tensor = model.stored.other.find(kLogitScaleName);
  if (tensor == model.stored.other.end()) return model.logit_scale.value_or(kDefaultLogitScale);
  const float value = model.stored.image_store.floats(*tensor->second).values[0];
  if (!std::isfinite(std::exp(value))) {
    throw LoadError(model.layout.image_file.string() + ": tensor 'logit_scale': expected a logarithm, found " +
                    std::to_string(value));
  }
  return value;
}

}  // namespace

OpenedModel open_model(const fs::path& directory) {
  DirectoryLayout layout = find_layout(directory);
  StoredModel stored = read_stored_model(layout);
  const ConfigFiles files = read_config_files(layout);
  ModelConfig config = resolve_config(files.hints, find_closest_model(stored.image, stored.text, stored.quantization),
                                      files.named_in_errors);

  const ImageForm form = detect_image_form(stored.image);
  const ConvLayout conv_layout = detect_conv_layout(stored.image);
  check_tensors(stored, layout, config, image_tensors(config, form), text_tensors(config.text, config.embed_dim), form,
                conv_layout);
  return {.layout = std::move(layout),
          .config = std::move(config),
          .image_form = form,
          .conv_layout = conv_layout,
          .logit_scale = files.hints.logit_scale,
          .synthetic = stored.synthetic ? stored.synthetic : files.hints.synthetic,
          .stored = std::move(stored)};
}

ModelWeights read_model_weights(const fs::path& directory, const Progress& progress) {
  OpenedModel model = open_model(directory);
  const ModelConfig& config = model.config;
  const StoredModel& stored = model.stored;
  TowerWeights image = read_tower(stored.image_store, stored.image, image_tensors(config, model.image_form),
                                  model.conv_layout, stored.quantization, "reading image tower", progress);
  TowerWeights text = read_tower(stored.text_store, stored.text, text_tensors(config.text, config.embed_dim),
                                 ConvLayout::kOihw, stored.quantization, "reading text tower", progress);
  if (const auto* mci = std::get_if<MciConfig>(&config.image); mci && model.image_form == ImageForm::kTrain) {
    image = fuse_image_tower(image, *mci, config.embed_dim);
  }
  const float logit_scale = read_logit_scale(model);

  ModelWeights weights{.layout = std::move(model.layout),
                       .config = std::move(model.config),
                       .image = std::move(image),
                       .text = std::move(text),
                       .logit_scale = logit_scale,
                       .image_form = model.image_form,
                       .conv_layout = model.conv_layout,
                       .synthetic = std::move(model.synthetic),
                       .stored = std::move(model.stored)};
  check_undamaged(weights);
  return weights;
}

void check_undamaged(const ModelWeights& weights) {
  if (!weights.stored.damaged()) return;
  throw LoadError(weights.layout.directory.string() +
                  ": expected the weights to stay as they are while they are read, found a file truncated");
}

}  // namespace mobileclip
