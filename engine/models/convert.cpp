#include "engine/models/convert.h"
#include "engine/models/encoders/sentence_model.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/encoders/sentence_model.h"
#include "engine/models/fingerprint.h"
#include "engine/models/model_config_writer.h"
#include "engine/models/model_weights.h"
#include "engine/models/model_writer.h"
#include "engine/models/output_directory.h"
#include "engine/models/vocabulary_copy.h"
#include "engine/weights/float_conversion.h"
#include "engine/weights/printable.h"
#include "engine/weights/safetensors.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

void write_tower(const fs::path& file, const TowerWeights& tower, const TensorTable& table, DType dtype,
                 const std::map<std::string, std::string>& metadata, const Progress& progress) {
  const auto fill = [&tower](std::string_view name, const Shape&, std::span<float> out) {
    std::ranges::copy(tower.find(name)->second.values, out.begin());
  };
  write_safetensors(file, tensors_to_write(table, "", dtype, fill), metadata, progress);
}

/// What writing as `dtype` and reading back makes of a value.
float rounded(float value, DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return f16_to_f32(f32_to_f16(value));
    case DType::kBF16:
      return bf16_to_f32(f32_to_bf16(value));
    default:
      return value;
  }
}

void compare_tower(const TowerWeights& source, const TowerWeights& written, DType dtype, const fs::path& directory) {
  for (const auto& [name, tensor] : source) {
    const auto values = written.at(name).values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float expected = rounded(tensor.values[i], dtype);
      if (std::bit_cast<std::uint32_t>(values[i]) == std::bit_cast<std::uint32_t>(expected)) continue;
      throw LoadError(directory.string() + ": tensor " + printable(name) + " read back: expected " +
                      std::to_string(expected) + " at element " + std::to_string(i) + ", found " +
                      std::to_string(values[i]));
    }
  }
}

}  // namespace

ConvertReport convert_model(const fs::path& source, const fs::path& target, const ConvertOptions& options,
                            const Progress& progress) {
  if (is_sentence_directory(source)) {
    throw LoadError(source.string() + ": expected a CLIP model, found a text encoder, which is used as it is");
  }
  OutputDirectory output(target);
  const ModelWeights weights = read_model_weights(source, progress);
  const ModelConfig& config = weights.config;

  std::map<std::string, std::string> metadata{{"format", "pt"}};
  if (weights.synthetic) metadata.emplace(kSyntheticKey, *weights.synthetic);
  write_tower(output.staging() / (std::string(kImageWeightsStem) + ".safetensors"), weights.image,
              image_tensors(config.image, config.embed_dim, ImageForm::kFused), options.dtype, metadata, progress);
  write_tower(output.staging() / (std::string(kTextWeightsStem) + ".safetensors"), weights.text,
              text_tensors(config.text, config.embed_dim), options.dtype, metadata, progress);
  write_split_configs(output.staging(), config, {.logit_scale = weights.logit_scale, .synthetic = weights.synthetic});
  const bool has_vocabulary = copy_vocabulary(source, output.staging());
  check_undamaged(weights);

  const ModelWeights written = read_model_weights(output.staging(), progress);
  compare_tower(weights.image, written.image, options.dtype, target);
  compare_tower(weights.text, written.text, options.dtype, target);
  ConvertReport report{.model = config.name,
                       .source_layout = weights.layout.name(),
                       .tensors = written.stored.image.size() + written.stored.text.size(),
                       .fingerprint = fingerprint(written.config, written.image, written.text),
                       .has_vocabulary = has_vocabulary};
  output.commit();
  return report;
}

}  // namespace mobileclip
