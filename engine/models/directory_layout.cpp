#include "engine/models/directory_layout.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/hugging_face_clip.h"
#include "engine/weights/npz.h"
#include "engine/weights/safetensors.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kVocabularyFiles{"tokenizer.json", "vocab.json", "merges.txt",
                                                           "bpe_simple_vocab_16e6.txt", "bpe_simple_vocab_16e6.txt.gz"};

struct Candidate {
  std::string_view file;
  NamedBy named_by;
};
/// The preference among files that hold both towers is their order. What Hugging Face saves counts only beside its
/// configuration; OpenCLIP has shards of the same name.
constexpr std::array kCandidates{Candidate{kOpenClipWeightsFile, NamedBy::kOpenClip},
                                 Candidate{"open_clip_pytorch_model.safetensors", NamedBy::kOpenClip},
                                 Candidate{"open_clip_model.safetensors.index.json", NamedBy::kOpenClip},
                                 Candidate{"open_clip_pytorch_model.safetensors.index.json", NamedBy::kOpenClip},
                                 Candidate{"model.safetensors", NamedBy::kHuggingFace},
                                 Candidate{"model.safetensors.index.json", NamedBy::kHuggingFace},
                                 Candidate{"model.safetensors.index.json", NamedBy::kOpenClip},
                                 Candidate{"open_clip_model.npz", NamedBy::kOpenClip}};

constexpr std::string_view kIndexExtension = ".safetensors.index.json";
constexpr std::string_view kNpzExtension = ".npz";

bool has_extension(const fs::path& file, std::string_view extension) {
  return file.filename().string().ends_with(extension);
}

/// Safetensors, else npz, else nothing.
fs::path find_split_file(const fs::path& directory, std::string_view stem) {
  for (const char* const extension : {".safetensors", ".npz"}) {
    fs::path file = directory / (std::string(stem) + extension);
    if (fs::exists(file)) return file;
  }
  return {};
}

std::string split_candidates(std::string_view stem) {
  return std::string(stem) + ".safetensors or " + std::string(stem) + ".npz";
}

StoredTower all_tensors(const TensorStore& store) {
  StoredTower tower;
  for (const StoredTensor& tensor : store.tensors()) tower.emplace(tensor.name, &tensor);
  return tower;
}

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

void note_origin(const fs::path& file, StoredModel& model) {
  const auto metadata = read_weights_metadata(file);
  const auto origin = metadata.find(std::string(kSyntheticKey));
  if (origin != metadata.end()) model.synthetic = origin->second;
}

}  // namespace

std::span<const std::string_view> vocabulary_files() { return kVocabularyFiles; }

std::string DirectoryLayout::name() const {
  if (named_by == NamedBy::kOpenClip) return "OpenCLIP";
  if (named_by == NamedBy::kHuggingFace) return "Hugging Face";
  return has_extension(image_file, kNpzExtension) || has_extension(text_file, kNpzExtension) ? "split npz" : "split";
}

DirectoryLayout find_layout(const fs::path& directory) {
  if (!fs::is_directory(directory)) throw LoadError(directory.string() + ": expected a model directory");
  DirectoryLayout layout{.directory = directory,
                         .named_by = NamedBy::kTowers,
                         .image_file = find_split_file(directory, kImageWeightsStem),
                         .text_file = find_split_file(directory, kTextWeightsStem)};
  if (!layout.image_file.empty() && !layout.text_file.empty()) return layout;
  for (const auto& [name, named_by] : kCandidates) {
    const fs::path file = directory / name;
    if (!fs::exists(file) || (named_by == NamedBy::kHuggingFace && !is_hugging_face_clip(directory))) continue;
    return {.directory = directory, .named_by = named_by, .image_file = file, .text_file = file};
  }
  std::string expected;
  if (layout.image_file.empty()) expected = split_candidates(kImageWeightsStem);
  if (layout.text_file.empty()) {
    if (!expected.empty()) expected += ", and ";
    expected += split_candidates(kTextWeightsStem);
  }
  if (layout.image_file.empty() && layout.text_file.empty()) {
    expected += "; or, in OpenCLIP's layout, " + std::string(kOpenClipWeightsFile);
    expected += "; or, in Hugging Face's, model.safetensors beside a config.json of model_type \"clip\"";
  }
  throw LoadError(directory.string() + ": no weights found: expected " + expected);
}

StoredModel read_stored_model(const DirectoryLayout& layout) {
  StoredModel model;
  model.quantization = find_quantization(layout.directory);
  model.image_store = read_weights_file(layout.image_file);
  note_origin(layout.image_file, model);
  if (layout.named_by == NamedBy::kTowers) {
    model.text_store = read_weights_file(layout.text_file);
    note_origin(layout.text_file, model);
    model.image = all_tensors(model.image_store);
    model.text = all_tensors(model.text_store);
    return model;
  }
  if (layout.named_by == NamedBy::kHuggingFace) {
    auto [store, quantization] = with_open_clip_names(model.image_store, model.quantization);
    model.image_store = std::move(store);
    model.quantization = std::move(quantization);
  }
  model.text_store = model.image_store;
  auto [image, text, other] = split_towers(model.image_store);
  model.image = std::move(image);
  model.text = std::move(text);
  model.other = std::move(other);
  return model;
}

StoredTowers split_towers(const TensorStore& store) {
  StoredTowers towers;
  const bool text_is_prefixed = std::ranges::any_of(
      store.tensors(), [](const StoredTensor& tensor) { return tensor.name.starts_with(kTextPrefix); });
  for (const StoredTensor& tensor : store.tensors()) {
    const std::string_view name = tensor.name;
    if (name.starts_with(kImagePrefix)) {
      towers.image.emplace(name.substr(kImagePrefix.size()), &tensor);
    } else if (name.starts_with(kTextPrefix)) {
      towers.text.emplace(name.substr(kTextPrefix.size()), &tensor);
    } else if (!text_is_prefixed && name != kLogitScaleName) {
      towers.text.emplace(name, &tensor);
    } else {
      towers.other.emplace(name, &tensor);
    }
  }
  return towers;
}

TensorStore read_weights_file(const fs::path& file) {
  if (has_extension(file, kNpzExtension)) return read_npz(file);
  if (has_extension(file, kIndexExtension)) return read_sharded_safetensors(file);
  return read_safetensors(file);
}

std::map<std::string, std::string> read_weights_metadata(const fs::path& file) {
  if (has_extension(file, kNpzExtension) || has_extension(file, kIndexExtension)) return {};
  return read_safetensors_metadata(file);
}

}  // namespace mobileclip
