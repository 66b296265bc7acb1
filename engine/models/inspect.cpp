#include "engine/models/inspect.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "engine/base/error.h"
#include "engine/models/encoders/sentence_model.h"
#include "engine/models/fingerprint.h"
#include "engine/models/hugging_face_clip.h"
#include "engine/models/model_weights.h"
#include "engine/tokenizer/clip_tokenizer.h"
#include "engine/tokenizer/hf/hf_tokenizer.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

bool is_float(DType dtype) {
  return dtype == DType::kF64 || dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

std::string format_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name.ends_with(".npz")) return "npz";
  return name.ends_with(".index.json") ? "sharded safetensors" : "safetensors";
}

/// Names of the known models for which `fits` holds.
template <typename Predicate>
std::string matching_models(Predicate fits) {
  std::string names;
  for (const ModelConfig& model : known_models()) {
    if (!fits(model)) continue;
    if (!names.empty()) names += ", ";
    names += model.name;
  }
  return names;
}

bool image_fits(const StoredTower& image, const ModelConfig& model, const QuantizationConfig& quantization) {
  const TensorTable table = image_tensors(model, detect_image_form(image));
  return compare(image, table, detect_conv_layout(image), quantization).size() == 0;
}

bool text_fits(const StoredTower& text, const ModelConfig& model, const QuantizationConfig& quantization) {
  return compare(text, text_tensors(model.text, model.embed_dim), ConvLayout::kOihw, quantization).size() == 0;
}

/// "image tower of MobileCLIP2-S0, fused form", by names and shapes alone.
std::string recognise(const TensorStore& store, const QuantizationConfig& stored_quantization) {
  const bool is_hugging_face = store.find("vision_model.embeddings.class_embedding") != nullptr;
  const auto [named, quantization] =
      is_hugging_face ? with_open_clip_names(store, stored_quantization) : OpenClipTensors{store, stored_quantization};
  const auto [image, text, other] = split_towers(named);
  const auto in_form = [](const StoredTower& tower) {
    const bool is_mci =
        std::ranges::any_of(tower, [](const auto& entry) { return entry.first.starts_with("trunk.stem."); });
    return is_mci ? ", " + std::string(to_string(detect_image_form(tower))) + " form" : "";
  };
  if (!image.empty()) {
    const auto models =
        matching_models([&, &image = image, &text = text, &quantization = quantization](const ModelConfig& m) {
          return image_fits(image, m, quantization) && text_fits(text, m, quantization);
        });
    const char* const layout = is_hugging_face ? " in Hugging Face's layout" : " in OpenCLIP's layout";
    return models.empty() ? "" : models + layout + in_form(image);
  }
  const StoredTower& alone = text;  // the only tower of its file, whichever it is
  const auto image_models = matching_models(
      [&, &quantization = quantization](const ModelConfig& m) { return image_fits(alone, m, quantization); });
  if (!image_models.empty()) return "image tower of " + image_models + in_form(alone);
  const auto text_models = matching_models(
      [&, &quantization = quantization](const ModelConfig& m) { return text_fits(alone, m, quantization); });
  return text_models.empty() ? "" : "text tower of " + text_models;
}

InspectedFile inspect_file(const fs::path& path) {
  InspectedFile file;
  file.path = path;
  file.format = format_of(path);
  try {
    const TensorStore store = read_weights_file(path);
    file.metadata = read_weights_metadata(path);
    for (const StoredTensor& tensor : store.tensors()) {
      const auto elements = static_cast<std::uint64_t>(element_count(tensor.shape));
      file.tensors.push_back({.name = tensor.name, .dtype = tensor.dtype, .shape = tensor.shape, .elements = elements});
      if (is_float(tensor.dtype)) file.parameters += elements;
      file.bytes += tensor.bytes.size();
    }
    file.recognised = recognise(store, read_quantization(path.parent_path() / kMlxConfigFile));
  } catch (const LoadError& error) {
    file.problem = error.what();
  }
  return file;
}

void inspect_weights(const fs::path& directory, Inspection& inspection) {
  const ModelWeights weights = read_model_weights(directory);
  inspection.layout = weights.layout.name();
  inspection.model = weights.config.name;
  if (std::holds_alternative<MciConfig>(weights.config.image)) inspection.image_form = to_string(weights.image_form);
  inspection.conv_layout = to_string(weights.conv_layout);
  inspection.logit_scale = std::exp(weights.logit_scale);
  inspection.synthetic = weights.synthetic.has_value();
  inspection.fingerprint = fingerprint(weights.config, weights.image, weights.text);
}

/// Adds the message of a LoadError to the problems, once.
template <typename Step>
void attempt(Inspection& inspection, Step step) {
  try {
    step();
  } catch (const LoadError& error) {
    if (std::ranges::find(inspection.problems, error.what()) == inspection.problems.end()) {
      inspection.problems.emplace_back(error.what());
    }
  }
}

void inspect_sentence_model(const fs::path& directory, Inspection& inspection) {
  inspection.layout = kSentenceLayout;
  attempt(inspection, [&] {
    const SentenceWeights weights = read_sentence_weights(directory);
    inspection.model = weights.model_type + ", " + std::to_string(weights.embed_dim()) + " dimensions, " +
                       std::to_string(weights.max_tokens) + " tokens at most";
    inspection.synthetic = weights.synthetic.has_value();
    inspection.fingerprint = weights.fingerprint;
  });
  attempt(inspection, [&] {
    for (const fs::path& file : sentence_weights_files(directory)) inspection.files.push_back(inspect_file(file));
  });
  attempt(inspection, [&] {
    inspection.vocabulary =
        std::to_string(load_hf_tokenizer(transformer_directory(directory))->vocabulary_size()) + " tokens";
  });
}

void inspect_clip_model(const fs::path& directory, Inspection& inspection) {
  attempt(inspection, [&] {
    const DirectoryLayout layout = find_layout(directory);
    inspection.layout = layout.name();
    inspection.files.push_back(inspect_file(layout.image_file));
    if (layout.text_file != layout.image_file) inspection.files.push_back(inspect_file(layout.text_file));
  });
  attempt(inspection, [&] { inspect_weights(directory, inspection); });
  attempt(inspection, [&] {
    inspection.vocabulary = std::to_string(ClipTokenizer::load(directory).vocabulary_size()) + " tokens";
  });
}

}  // namespace

Inspection inspect(const fs::path& path) {
  Inspection inspection;
  if (!fs::is_directory(path)) {
    if (!fs::exists(path))
      throw LoadError(path.string() + ": expected a weights file or a model directory, found nothing");
    inspection.files.push_back(inspect_file(path));
    return inspection;
  }
  inspection.is_directory = true;
  if (is_sentence_directory(path)) {
    inspect_sentence_model(path, inspection);
  } else {
    inspect_clip_model(path, inspection);
  }
  return inspection;
}

}  // namespace mobileclip
