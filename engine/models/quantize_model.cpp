#include "engine/models/quantize_model.h"

#include <map>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/fingerprint.h"
#include "engine/models/model_config_writer.h"
#include "engine/models/model_weights.h"
#include "engine/models/model_writer.h"
#include "engine/models/output_directory.h"
#include "engine/models/quantized_module.h"
#include "engine/models/vocabulary_copy.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace fs = std::filesystem;

std::uint64_t float_bytes(const TensorTable& table) {
  std::uint64_t elements = 0;
  for (const auto& [name, shape] : table) elements += static_cast<std::uint64_t>(element_count(shape));
  return elements * sizeof(float);
}

bool is_quantizable(std::string_view name, const Shape& shape, const AffineFormat& format) {
  return shape.size() == 2 && format.fits(shape[1]) && module_of_weight(name).has_value();
}

TowerWeights quantize_tower(const TowerWeights& tower, const TensorTable& table, const QuantizeOptions& options) {
  TowerWeights result;
  for (const auto& [name, shape] : table) {
    if (const AffineMatrix* const already = tower.quantized(name)) {
      throw LoadError("expected a model in full precision, found tensor " + printable(name) + " in " +
                      to_string(already->format));
    }
    const FloatTensor& tensor = tower.at(name);
    if (!is_quantizable(name, shape, options.format)) {
      result.emplace(name, tensor);
      continue;
    }
    std::vector<float> values(tensor.values.begin(), tensor.values.end());
    for (float& v : values) v = as_stored(v, options.dtype);
    result.emplace(name, quantize_affine(values, shape[0], options.format, options.dtype));
  }
  return result;
}

QuantizeReport quantize_model(const fs::path& source, const fs::path& target, const QuantizeOptions& options,
                              const Progress& progress) {
  OutputDirectory output(target);
  const ModelWeights weights = read_model_weights(source, progress);
  const ModelConfig& config = weights.config;

  const TensorTable image_table = image_tensors(config, ImageForm::kFused);
  const TensorTable text_table = text_tensors(config.text, config.embed_dim);
  if (!weights.image.quantized().empty()) {
    throw LoadError(source.string() + ": expected an image tower in full precision, found a quantised one");
  }
  const TowerWeights text = quantize_tower(weights.text, text_table, options);
  std::map<std::string, std::string> metadata{{"format", "mlx"}};
  if (weights.synthetic) metadata.emplace(kSyntheticKey, *weights.synthetic);
  const fs::path image_file = output.staging() / (std::string(kImageWeightsStem) + ".safetensors");
  const fs::path text_file = output.staging() / (std::string(kTextWeightsStem) + ".safetensors");
  write_tower(image_file, weights.image, image_table, options.dtype, metadata, progress);
  write_tower(text_file, text, text_table, options.dtype, metadata, progress);
  write_split_configs(output.staging(), config, {.logit_scale = weights.logit_scale, .synthetic = weights.synthetic});
  write_quantization_config(output.staging(), options.format);
  const bool has_vocabulary = copy_vocabulary(source, output.staging());
  check_undamaged(weights);

  const ModelWeights written = read_model_weights(output.staging(), progress);
  check_read_back(weights.image, written.image, options.dtype, target);
  check_read_back(text, written.text, options.dtype, target);
  QuantizeReport report{.model = config.name,
                        .source_layout = weights.layout.name(),
                        .modules = text.quantized().size(),
                        .tensors = written.stored.image.size() + written.stored.text.size(),
                        .bytes = fs::file_size(image_file) + fs::file_size(text_file),
                        .full_bytes = float_bytes(image_table) + float_bytes(text_table),
                        .fingerprint = fingerprint(written.config, written.image, written.text),
                        .has_vocabulary = has_vocabulary};
  output.commit();
  return report;
}

}  // namespace mobileclip
