#include "engine/models/convert.h"

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

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

/// Quantised modules in full.
TowerWeights restored(const TowerWeights& tower, const TensorTable& table) {
  TowerWeights floats;
  for (const auto& [name, shape] : table) floats.emplace(name, tower.at(name));
  return floats;
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

  const TensorTable image_table = image_tensors(config, ImageForm::kFused);
  const TensorTable text_table = text_tensors(config.text, config.embed_dim);
  const TowerWeights image = restored(weights.image, image_table);
  const TowerWeights text = restored(weights.text, text_table);
  std::map<std::string, std::string> metadata{{"format", "pt"}};
  if (weights.synthetic) metadata.emplace(kSyntheticKey, *weights.synthetic);
  write_tower(output.staging() / (std::string(kImageWeightsStem) + ".safetensors"), image, image_table, options.dtype,
              metadata, progress);
  write_tower(output.staging() / (std::string(kTextWeightsStem) + ".safetensors"), text, text_table, options.dtype,
              metadata, progress);
  write_split_configs(output.staging(), config, {.logit_scale = weights.logit_scale, .synthetic = weights.synthetic});
  const bool has_vocabulary = copy_vocabulary(source, output.staging());
  check_undamaged(weights);

  const ModelWeights written = read_model_weights(output.staging(), progress);
  check_read_back(image, written.image, options.dtype, target);
  check_read_back(text, written.text, options.dtype, target);
  ConvertReport report{.model = config.name,
                       .source_layout = weights.layout.name(),
                       .tensors = written.stored.image.size() + written.stored.text.size(),
                       .fingerprint = fingerprint(written.config, written.image, written.text),
                       .has_vocabulary = has_vocabulary};
  output.commit();
  return report;
}

}  // namespace mobileclip
