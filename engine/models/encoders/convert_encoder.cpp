#include "engine/models/encoders/convert_encoder.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/encoders/encoder_tensors.h"
#include "engine/models/encoders/sentence_model.h"
#include "engine/models/model_config_writer.h"
#include "engine/models/model_writer.h"
#include "engine/models/output_directory.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWeightsFile = "model.safetensors";

/// What is neither weights nor another framework's: configurations, vocabularies, SentencePiece models.
bool is_copied(const fs::path& file) {
  constexpr std::array kExtensions{".json", ".txt", ".model"};
  const std::string name = file.filename().string();
  return !name.ends_with(".safetensors.index.json") && name != "reference_embeddings.json" &&
         std::ranges::find(kExtensions, file.extension()) != kExtensions.end();
}

void copy_file(const fs::path& source, const fs::path& target, const fs::path& file) {
  fs::create_directories((target / file).parent_path());
  fs::copy_file(source / file, target / file);
}

/// Everything beside the transformer's own weights and config.json.
void copy_rest(const fs::path& source, const fs::path& target, const SentenceWeights& weights) {
  const fs::path config = fs::path(weights.sentence.transformer_path) / "config.json";
  for (const fs::directory_entry& entry : fs::directory_iterator(source)) {
    if (entry.is_regular_file() && is_copied(entry.path()) && entry.path().filename() != config) {
      copy_file(source, target, entry.path().filename());
    }
    if (!entry.is_directory()) continue;
    for (const fs::directory_entry& inner : fs::directory_iterator(entry.path())) {
      const fs::path file = entry.path().filename() / inner.path().filename();
      if (inner.is_regular_file() && is_copied(inner.path()) && file != config) copy_file(source, target, file);
    }
  }
  for (const DenseConfig& dense : weights.sentence.dense) {
    copy_file(source, target, fs::path(dense.path) / kWeightsFile);
  }
}

}  // namespace

ConvertReport convert_encoder(const fs::path& source, const fs::path& target, const WeightsForm& form,
                              const Progress& progress) {
  OutputDirectory output(target);
  (void)load_sentence_tokenizer(source);  // throws where nobody could use the result
  const SentenceWeights weights = read_sentence_weights(source, progress);
  const TensorTable table = encoder_tensors(weights.encoder);
  const TowerWeights converted = in_form(weights.tensors, table, form, progress);

  copy_rest(source, output.staging(), weights);
  const fs::path directory = output.staging() / weights.sentence.transformer_path;
  fs::create_directories(directory);
  write_tower(directory / kWeightsFile, converted, table, form.dtype, weights_metadata(form, weights.synthetic),
              progress);
  write_encoder_config(transformer_directory(source) / "config.json", directory / "config.json", form.quantized);
  if (weights.damaged()) {
    throw LoadError(source.string() +
                    ": expected the weights to stay as they are while they are read, found a file truncated");
  }

  const SentenceWeights written = read_sentence_weights(output.staging(), progress);
  check_read_back(converted, written.tensors, form.dtype, target);
  std::uint64_t bytes = 0;
  for (const fs::path& file : sentence_weights_files(output.staging())) bytes += fs::file_size(file);
  std::uint64_t full_bytes = float_bytes(table);
  for (const TowerWeights& dense : written.dense) {
    for (const auto& [name, tensor] : dense.floats()) full_bytes += tensor.values.size_bytes();
  }
  ConvertReport report{.model = weights.model_type,
                       .source_layout = kSentenceLayout,
                       .modules = converted.quantized().size(),
                       .tensors = table.size() + 2 * converted.quantized().size(),
                       .bytes = bytes,
                       .full_bytes = full_bytes,
                       .fingerprint = written.fingerprint,
                       .has_vocabulary = true};
  output.commit();
  return report;
}

}  // namespace mobileclip
