#include "engine/models/directory_layout.h"

#include <array>
#include <utility>

#include "engine/base/error.h"
#include "engine/weights/npz.h"
#include "engine/weights/safetensors.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kVocabularyFiles{"tokenizer.json", "vocab.json", "merges.txt",
                                                           "bpe_simple_vocab_16e6.txt", "bpe_simple_vocab_16e6.txt.gz"};

/// OpenCLIP's own names first; the preference among them is their order.
constexpr std::array<std::string_view, 6> kOpenClipCandidates{kOpenClipWeightsFile,
                                                              "open_clip_pytorch_model.safetensors",
                                                              "open_clip_model.safetensors.index.json",
                                                              "open_clip_pytorch_model.safetensors.index.json",
                                                              "model.safetensors.index.json",
                                                              "open_clip_model.npz"};

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

void note_origin(const fs::path& file, StoredModel& model) {
  const auto metadata = read_weights_metadata(file);
  const auto origin = metadata.find(std::string(kSyntheticKey));
  if (origin != metadata.end()) model.synthetic = origin->second;
}

}  // namespace

std::span<const std::string_view> vocabulary_files() { return kVocabularyFiles; }

std::string DirectoryLayout::name() const {
  if (is_open_clip) return "OpenCLIP";
  return has_extension(image_file, kNpzExtension) || has_extension(text_file, kNpzExtension) ? "split npz" : "split";
}

DirectoryLayout find_layout(const fs::path& directory) {
  if (!fs::is_directory(directory)) throw LoadError(directory.string() + ": expected a model directory");
  DirectoryLayout layout{.directory = directory,
                         .is_open_clip = false,
                         .image_file = find_split_file(directory, kImageWeightsStem),
                         .text_file = find_split_file(directory, kTextWeightsStem)};
  if (!layout.image_file.empty() && !layout.text_file.empty()) return layout;
  for (const std::string_view candidate : kOpenClipCandidates) {
    const fs::path file = directory / candidate;
    if (!fs::exists(file)) continue;
    return {.directory = directory, .is_open_clip = true, .image_file = file, .text_file = file};
  }
  std::string expected;
  if (layout.image_file.empty()) expected = split_candidates(kImageWeightsStem);
  if (layout.text_file.empty()) {
    if (!expected.empty()) expected += ", and ";
    expected += split_candidates(kTextWeightsStem);
  }
  if (layout.image_file.empty() && layout.text_file.empty()) {
    expected += "; or, in OpenCLIP's layout, " + std::string(kOpenClipWeightsFile);
  }
  throw LoadError(directory.string() + ": no weights found: expected " + expected);
}

StoredModel read_stored_model(const DirectoryLayout& layout) {
  StoredModel model;
  model.image_store = read_weights_file(layout.image_file);
  note_origin(layout.image_file, model);
  if (!layout.is_open_clip) {
    model.text_store = read_weights_file(layout.text_file);
    note_origin(layout.text_file, model);
    model.image = all_tensors(model.image_store);
    model.text = all_tensors(model.text_store);
    return model;
  }
  model.text_store = model.image_store;
  for (const StoredTensor& tensor : model.image_store.tensors()) {
    const std::string_view name = tensor.name;
    if (name.starts_with(kImagePrefix)) {
      model.image.emplace(name.substr(kImagePrefix.size()), &tensor);
    } else if (name.starts_with(kTextPrefix)) {
      model.text.emplace(name.substr(kTextPrefix.size()), &tensor);
    } else {
      model.other.emplace(name, &tensor);
    }
  }
  return model;
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
