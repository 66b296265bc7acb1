#include "engine/models/tower_reader.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "engine/models/quantized_module.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

constexpr std::size_t kNamedInErrors = 4;
constexpr std::string_view kCounterLeaf = "num_batches_tracked";

bool is_convolution(const Shape& shape) { return shape.size() == 4; }

/// (out, in/groups, height, width) as a file of the given layout has it.
Shape stored_shape(const Shape& shape, ConvLayout layout) {
  if (layout == ConvLayout::kOihw || !is_convolution(shape)) return shape;
  return {shape[0], shape[2], shape[3], shape[1]};
}

bool fits(const Shape& found, std::string_view name, const Shape& expected, ConvLayout layout) {
  if (found == stored_shape(expected, layout)) return true;
  // (C, 1, 1) exists for broadcasting over OIHW; OHWI files broadcast otherwise.
  return layout == ConvLayout::kOhwi && name.ends_with(".gamma") && element_count(found) == element_count(expected);
}

bool is_integer(DType dtype) {
  switch (dtype) {
    case DType::kF64:
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
      return false;
    default:
      return true;
  }
}

/// A counter beside a running_var of the table.
bool is_tolerated(std::string_view name, const StoredTensor& tensor, const TensorTable& table) {
  if (!is_batch_counter(name)) return false;
  const std::string owner(name.substr(0, name.size() - kCounterLeaf.size()));
  return table.contains(owner + "running_var") && is_integer(tensor.dtype) && element_count(tensor.shape) == 1;
}

FloatTensor to_oihw(const FloatTensor& ohwi, const Shape& shape) {
  const auto out = static_cast<std::size_t>(shape[0]);
  const auto in = static_cast<std::size_t>(shape[1]);
  const auto pixels = static_cast<std::size_t>(shape[2] * shape[3]);
  if (in == 1 || pixels == 1) return {.shape = shape, .values = ohwi.values, .owner = ohwi.owner};  // the same order
  std::vector<float> values(ohwi.values.size());
  for (std::size_t o = 0; o < out; ++o) {
    for (std::size_t i = 0; i < in; ++i) {
      for (std::size_t p = 0; p < pixels; ++p)
        values[(o * in + i) * pixels + p] = ohwi.values[(o * pixels + p) * in + i];
    }
  }
  return owned_tensor(shape, std::move(values));
}

void append_list(std::string& text, const std::vector<std::string>& entries, std::string_view kind) {
  if (entries.empty()) return;
  if (!text.empty()) text += "; ";
  text += std::to_string(entries.size()) + (entries.size() == 1 ? " tensor " : " tensors ") + std::string(kind) + ": ";
  for (std::size_t i = 0; i < std::min(entries.size(), kNamedInErrors); ++i) text += (i > 0 ? ", " : "") + entries[i];
  if (entries.size() > kNamedInErrors) text += ", …";
}

}  // namespace

std::string_view to_string(ConvLayout layout) { return layout == ConvLayout::kOihw ? "OIHW" : "OHWI"; }
std::string_view to_string(ImageForm form) { return form == ImageForm::kFused ? "fused" : "train"; }

ConvLayout detect_conv_layout(const StoredTower& image) {
  struct FirstConv {
    std::string_view name;
    int in_per_group;
  };
  for (const auto& [name, in] :
       {FirstConv{"trunk.stem.1.reparam_conv.weight", 1}, FirstConv{"trunk.stem.1.conv_kxk.0.conv.weight", 1},
        FirstConv{"trunk.patch_embed.backbone.0.conv.weight", 3}, FirstConv{"trunk.patch_embed.proj.weight", 3},
        FirstConv{"conv1.weight", 3}}) {
    const auto conv = image.find(name);
    if (conv == image.end()) continue;
    const Shape& shape = conv->second->shape;
    return is_convolution(shape) && shape[1] != in && shape[3] == in ? ConvLayout::kOhwi : ConvLayout::kOihw;
  }
  return ConvLayout::kOihw;
}

ImageForm detect_image_form(const StoredTower& image) {
  const bool fused = std::ranges::any_of(
      image, [](const auto& entry) { return entry.first.find("reparam_conv") != std::string::npos; });
  return fused ? ImageForm::kFused : ImageForm::kTrain;
}

std::string TowerMismatch::describe() const {
  std::string text;
  append_list(text, missing, "missing");
  append_list(text, misshapen, "misshapen");
  append_list(text, unused, "unused");
  return text;
}

TowerMismatch compare(const StoredTower& stored, const TensorTable& table, ConvLayout layout,
                      const QuantizationConfig& quantization) {
  TowerMismatch mismatch;
  std::set<const StoredTensor*> of_modules;
  for (const auto& [name, shape] : table) {
    if (const auto module = find_quantized(stored, name)) {
      of_modules.insert({module->words, module->scales, module->biases});
      std::string problem = problem_of(*module, shape, quantization);
      if (!problem.empty()) mismatch.misshapen.push_back(std::move(problem));
      continue;
    }
    const Shape expected = stored_shape(shape, layout);
    const auto found = stored.find(name);
    if (found == stored.end()) {
      mismatch.missing.push_back(printable(name) + " " + to_string(expected));
    } else if (!fits(found->second->shape, name, shape, layout)) {
      mismatch.misshapen.push_back(printable(name) + " expected " + to_string(expected) + ", found " +
                                   to_string(found->second->shape));
    }
  }
  for (const auto& [name, tensor] : stored) {
    if (of_modules.contains(tensor)) continue;
    const bool is_expected = table.contains(name) && !find_quantized(stored, name);
    if (is_expected || is_tolerated(name, *tensor, table)) continue;
    mismatch.unused.push_back(printable(name) + " " + to_string(tensor->shape));
  }
  return mismatch;
}

TowerWeights read_tower(const TensorStore& store, const StoredTower& stored, const TensorTable& table,
                        ConvLayout layout, const QuantizationConfig& quantization, std::string_view what,
                        const Progress& progress) {
  TowerWeights weights;
  for (const auto& [name, shape] : table) {
    if (const auto module = find_quantized(stored, name)) {
      weights.emplace(name, read_quantized(store, *module, shape, quantization));
    } else {
      FloatTensor tensor = store.floats(*stored.find(name)->second);
      if (layout == ConvLayout::kOhwi && is_convolution(shape)) tensor = to_oihw(tensor, shape);
      tensor.shape = shape;
      weights.emplace(name, std::move(tensor));
    }
    if (progress) progress(what, weights.size(), table.size());
  }
  return weights;
}

const ModelConfig& find_closest_model(const StoredTower& image, const StoredTower& text,
                                      const QuantizationConfig& quantization) {
  const ConvLayout layout = detect_conv_layout(image);
  const ImageForm form = detect_image_form(image);
  const ModelConfig* closest = &known_models().front();
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const ModelConfig& model : known_models()) {
    const std::size_t mismatches =
        compare(image, image_tensors(model, form), layout, quantization).size() +
        compare(text, text_tensors(model.text, model.embed_dim), layout, quantization).size();
    if (mismatches >= least) continue;
    least = mismatches;
    closest = &model;
  }
  return *closest;
}

}  // namespace mobileclip
