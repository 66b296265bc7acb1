#include "engine/models/encoders/quantize_encoder.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/directory_layout.h"
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
  return !name.ends_with(".safetensors.index.json") &&
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

QuantizeReport quantize_encoder(const fs::path& source, const fs::path& target, const QuantizeOptions& options,
                                const Progress& progress) {
  OutputDirectory output(target);
  const SentenceWeights weights = read_sentence_weights(source, progress);
  const TensorTable table = encoder_tensors(weights.encoder);
  const TowerWeights quantized = quantize_tower(weights.tensors, table, options);

  copy_rest(source, output.staging(), weights);
  const fs::path directory = output.staging() / weights.sentence.transformer_path;
  fs::create_directories(directory);
  std::map<std::string, std::string> metadata{{"format", "mlx"}};
  if (weights.synthetic) metadata.emplace(kSyntheticKey, "origin unknown");
  write_tower(directory / kWeightsFile, quantized, table, options.dtype, metadata, progress);
  add_quantization_config(transformer_directory(source) / "config.json", directory / "config.json", options.format);
  if (weights.damaged()) {
    throw LoadError(source.string() +
                    ": expected the weights to stay as they are while they are read, found a file truncated");
  }

  const SentenceWeights written = read_sentence_weights(output.staging(), progress);
  check_read_back(quantized, written.tensors, options.dtype, target);
  QuantizeReport report{.model = weights.model_type,
                        .source_layout = kSentenceLayout,
                        .modules = quantized.quantized().size(),
                        .tensors = table.size() + 2 * quantized.quantized().size(),
                        .bytes = fs::file_size(directory / kWeightsFile),
                        .full_bytes = float_bytes(table),
                        .fingerprint = written.fingerprint,
                        .has_vocabulary = true};
  output.commit();
  return report;
}

}  // namespace mobileclip
