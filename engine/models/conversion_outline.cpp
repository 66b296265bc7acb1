#include "engine/models/conversion_outline.h"

#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/encoders/encoder_tensors.h"
#include "engine/models/encoders/sentence_model.h"
#include "engine/models/model_weights.h"
#include "engine/models/quantized_module.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

/// Of the first quantised module: "'mlp.c_fc' in 4 bits in groups of 64".
std::optional<std::string> first_quantized(std::span<const TensorStore> stores,
                                           const QuantizationConfig& quantization) {
  constexpr std::string_view kScales = ".scales";
  for (const TensorStore& store : stores) {
    for (const StoredTensor& tensor : store.tensors()) {
      if (!tensor.name.ends_with(kScales)) continue;
      const std::string module = tensor.name.substr(0, tensor.name.size() - kScales.size());
      const std::optional<AffineFormat> format = quantization.of(module);
      return printable(module) + (format ? " in " + to_string(*format) : " quantised");
    }
  }
  return std::nullopt;
}

ConversionOutline outline_clip_model(const fs::path& source) {
  const OpenedModel model = open_model(source);
  const std::array<TensorStore, 2> stores{model.stored.image_store, model.stored.text_store};
  return {.source = source,
          .model = model.config.name,
          .source_layout = model.layout.name(),
          .embeds_images = true,
          .quantized_as = first_quantized(stores, model.stored.quantization),
          .synthetic = model.synthetic,
          .files = {{.table = image_tensors(model.config, ImageForm::kFused), .may_be_quantized = false},
                    {.table = text_tensors(model.config.text, model.config.embed_dim), .may_be_quantized = true}}};
}

ConversionOutline outline_encoder(const fs::path& source) {
  const OpenedSentenceModel model = open_sentence_model(source);
  std::uint64_t copied = 0;
  for (const fs::path& file : std::span(model.files).subspan(1)) copied += fs::file_size(file);
  return {.source = source,
          .model = model.model_type,
          .source_layout = kSentenceLayout,
          .embeds_images = false,
          .quantized_as = first_quantized(std::span(model.stores).first(1), model.quantization),
          .synthetic = model.synthetic,
          .files = {{.table = encoder_tensors(model.encoder), .may_be_quantized = true}},
          .copied_bytes = copied};
}

}  // namespace

ConversionOutline outline_conversion(const fs::path& source) {
  return is_sentence_directory(source) ? outline_encoder(source) : outline_clip_model(source);
}

std::size_t quantizable_matrices(const ConversionOutline& outline, const AffineFormat& format) {
  std::size_t count = 0;
  for (const ConversionOutline::File& file : outline.files) {
    if (!file.may_be_quantized) continue;
    count += static_cast<std::size_t>(std::ranges::count_if(
        file.table, [&](const auto& entry) { return is_quantizable(entry.first, entry.second, format); }));
  }
  return count;
}

void check_can_take(const ConversionOutline& outline, const WeightsForm& form) {
  if (!form.quantized) return;
  if (outline.quantized_as) {
    throw LoadError(outline.source.string() + ": expected a model in full precision, found " + *outline.quantized_as);
  }
  if (quantizable_matrices(outline, *form.quantized) > 0) return;
  throw LoadError(outline.source.string() + ": expected a group size that divides the rows of some matrix, found " +
                  std::to_string(form.quantized->group_size));
}

std::uint64_t converted_bytes(const ConversionOutline& outline, const WeightsForm& form) {
  std::uint64_t bytes = outline.copied_bytes;
  const auto metadata = weights_metadata(form, outline.synthetic);
  for (const ConversionOutline::File& file : outline.files) {
    const WeightsForm own{.dtype = form.dtype, .quantized = file.may_be_quantized ? form.quantized : std::nullopt};
    bytes += tower_file_bytes(file.table, own, metadata);
  }
  return bytes;
}

}  // namespace mobileclip
