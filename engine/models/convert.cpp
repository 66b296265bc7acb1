#include "engine/models/convert.h"

#include <string>
#include <utility>

#include "engine/models/conversion_outline.h"
#include "engine/models/encoders/convert_encoder.h"
#include "engine/models/encoders/sentence_model.h"
#include "engine/models/fingerprint.h"
#include "engine/models/model_config_writer.h"
#include "engine/models/model_weights.h"
#include "engine/models/model_writer.h"
#include "engine/models/output_directory.h"
#include "engine/models/vocabulary_copy.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

ConvertReport convert_clip_model(const fs::path& source, const fs::path& target, const WeightsForm& form,
                                 const Progress& progress) {
  OutputDirectory output(target);
  const ModelWeights weights = read_model_weights(source, progress);
  const ModelConfig& config = weights.config;

  const TensorTable image_table = image_tensors(config, ImageForm::kFused);
  const TensorTable text_table = text_tensors(config.text, config.embed_dim);
  const TowerWeights image = in_form(weights.image, image_table, {.dtype = form.dtype});
  const TowerWeights text = in_form(weights.text, text_table, form, progress);
  const auto metadata = weights_metadata(form, weights.synthetic);
  const fs::path image_file = output.staging() / (std::string(kImageWeightsStem) + ".safetensors");
  const fs::path text_file = output.staging() / (std::string(kTextWeightsStem) + ".safetensors");
  write_tower(image_file, image, image_table, form.dtype, metadata, progress);
  write_tower(text_file, text, text_table, form.dtype, metadata, progress);
  write_split_configs(output.staging(), config, {.logit_scale = weights.logit_scale, .synthetic = weights.synthetic});
  if (form.quantized) write_quantization_config(output.staging(), *form.quantized);
  const bool has_vocabulary = copy_vocabulary(source, output.staging());
  check_undamaged(weights);

  const ModelWeights written = read_model_weights(output.staging(), progress);
  check_read_back(image, written.image, form.dtype, target);
  check_read_back(text, written.text, form.dtype, target);
  ConvertReport report{.model = config.name,
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

}  // namespace

ConvertReport convert_model(const fs::path& source, const fs::path& target, const WeightsForm& form,
                            const Progress& progress) {
  check_can_take(outline_conversion(source), form);
  const auto convert = is_sentence_directory(source) ? convert_encoder : convert_clip_model;
  return convert(source, target, form, progress);
}

}  // namespace mobileclip
