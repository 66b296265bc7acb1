#include "engine/models/encoders/sentence_model.h"

#include <algorithm>
#include <climits>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/directory_layout.h"
#include "engine/models/encoders/encoder_config_file.h"
#include "engine/models/encoders/encoder_tensors.h"
#include "engine/models/encoders/sentence_config_file.h"
#include "engine/models/encoders/sentence_tokenizer.h"
#include "engine/models/fingerprint.h"
#include "engine/models/tower_reader.h"
#include "engine/tokenizer/hf/hf_tokenizer.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfigFile = "config.json";
constexpr std::string_view kWeightsFile = "model.safetensors";
constexpr std::string_view kShardedWeightsFile = "model.safetensors.index.json";

fs::path find_weights(const fs::path& directory) {
  for (const std::string_view name : {kWeightsFile, kShardedWeightsFile}) {
    if (fs::exists(directory / name)) return directory / name;
  }
  throw LoadError(directory.string() + ": no weights found: expected " + std::string(kWeightsFile) + " or " +
                  std::string(kShardedWeightsFile) +
                  (fs::exists(directory / "pytorch_model.bin") ? "; pytorch_model.bin must be converted first" : ""));
}

/// The file's tensors by the bare model's names; those that no embedding needs are left out.
StoredTower bare_tensors(const TensorStore& store, const fs::path& file) {
  StoredTower tower;
  for (const StoredTensor& tensor : store.tensors()) {
    const std::optional<std::string> name = bare_encoder_name(tensor.name);
    if (!name || tower.emplace(*name, &tensor).second) continue;
    throw LoadError(file.string() + ": expected one tensor that is " + printable(*name) + ", found " +
                    printable(tower.at(*name)->name) + " and " + printable(tensor.name));
  }
  return tower;
}

void check(const StoredTower& stored, const TensorTable& table, const QuantizationConfig& quantization,
           const fs::path& file, const char* what) {
  const TowerMismatch mismatch = compare(stored, table, ConvLayout::kOihw, quantization);
  if (mismatch.size() > 0) throw LoadError(file.string() + ": expected the " + what + ": " + mismatch.describe());
}

TensorTable dense_tensors(const DenseConfig& config) {
  TensorTable table{{"linear.weight", {config.out_features, config.in_features}}};
  if (config.bias) table.emplace("linear.bias", Shape{config.out_features});
  return table;
}

fs::path transformer_directory(const fs::path& directory, const SentenceConfig& sentence) {
  return sentence.transformer_path.empty() ? directory : directory / sentence.transformer_path;
}

StoredTower all_tensors(const TensorStore& store) {
  StoredTower tower;
  for (const StoredTensor& tensor : store.tensors()) tower.emplace(tensor.name, &tensor);
  return tower;
}

/// Each Dense module takes what the one before it gives.
void check_dense(const fs::path& directory, const SentenceConfig& config, int hidden) {
  int width = static_cast<int>(config.pooling.modes.size()) * hidden;
  for (const DenseConfig& dense : config.dense) {
    if (dense.in_features != width) {
      throw LoadError((directory / dense.path / kConfigFile).string() + ": in_features: expected " +
                      std::to_string(width) + ", as many as come in, found " + std::to_string(dense.in_features));
    }
    width = dense.out_features;
  }
}

int resolve_max_tokens(const EncoderConfig& encoder, const SentenceConfig& sentence) {
  int most = sentence.max_tokens.value_or(
      std::min(max_position_embeddings(encoder), sentence.tokenizer_max_tokens.value_or(INT_MAX)));
  if (const std::optional<int> room = max_tokens(encoder)) most = std::min(most, *room);
  return most;
}

/// What beside weights and config.json makes a text's vector.
std::string describe(const SentenceConfig& config, int most_tokens) {
  std::string text = "pool";
  for (const Pooling mode : config.pooling.modes) text += " " + std::to_string(static_cast<int>(mode));
  if (!config.prompts.pooled) text += " without prompt";
  for (const DenseConfig& dense : config.dense) text += "\ndense " + std::to_string(static_cast<int>(dense.activation));
  return text + "\ntokens " + std::to_string(most_tokens) + (config.lower_case ? " lower" : "") + "\n";
}

}  // namespace

int SentenceWeights::embed_dim() const {
  if (!sentence.dense.empty()) return sentence.dense.back().out_features;
  return static_cast<int>(sentence.pooling.modes.size()) * hidden_size(encoder);
}

bool is_sentence_directory(const fs::path& directory) {
  if (fs::exists(directory / "modules.json")) return true;
  if (fs::exists(directory / kOpenClipConfigFile)) return false;
  const std::string type = read_model_type(directory / kConfigFile);
  return !type.empty() && type != "clip";
}

fs::path transformer_directory(const fs::path& directory) {
  return transformer_directory(directory, read_sentence_config(directory));
}

std::vector<fs::path> sentence_weights_files(const fs::path& directory) {
  const SentenceConfig sentence = read_sentence_config(directory);
  std::vector<fs::path> files{find_weights(transformer_directory(directory, sentence))};
  for (const DenseConfig& dense : sentence.dense) files.push_back(find_weights(directory / dense.path));
  return files;
}

OpenedSentenceModel open_sentence_model(const fs::path& directory) {
  SentenceConfig sentence = read_sentence_config(directory);
  fs::path config_file = transformer_directory(directory, sentence) / kConfigFile;
  EncoderConfig encoder = read_encoder_config(config_file);
  check_dense(directory, sentence, hidden_size(encoder));

  std::vector<fs::path> files = sentence_weights_files(directory);
  std::vector<TensorStore> stores;
  for (const fs::path& file : files) stores.push_back(read_weights_file(file));
  QuantizationConfig quantization = read_quantization(config_file);
  check(bare_tensors(stores[0], files[0]), encoder_tensors(encoder), quantization, files[0],
        "tensors of the model_type in config.json");
  for (std::size_t i = 0; i < sentence.dense.size(); ++i) {
    check(all_tensors(stores[i + 1]), dense_tensors(sentence.dense[i]), {}, files[i + 1], "tensors of a Dense module");
  }
  const auto metadata = read_weights_metadata(files[0]);
  const auto origin = metadata.find(std::string(kSyntheticKey));
  return {.model_type = read_model_type(config_file),
          .encoder = std::move(encoder),
          .sentence = std::move(sentence),
          .quantization = std::move(quantization),
          .synthetic = origin == metadata.end() ? std::nullopt : std::optional(origin->second),
          .config_file = std::move(config_file),
          .files = std::move(files),
          .stores = std::move(stores)};
}

SentenceWeights read_sentence_weights(const fs::path& directory, const Progress& progress) {
  OpenedSentenceModel model = open_sentence_model(directory);
  const std::vector<TensorStore>& stores = model.stores;
  TowerWeights tensors = read_tower(stores[0], bare_tensors(stores[0], model.files[0]), encoder_tensors(model.encoder),
                                    ConvLayout::kOihw, model.quantization, "reading the text encoder", progress);
  std::vector<TowerWeights> dense;
  for (std::size_t i = 0; i < model.sentence.dense.size(); ++i) {
    dense.push_back(read_tower(stores[i + 1], all_tensors(stores[i + 1]), dense_tensors(model.sentence.dense[i]),
                               ConvLayout::kOihw, {}, "reading a Dense module"));
  }
  const int most_tokens = resolve_max_tokens(model.encoder, model.sentence);
  std::vector<NamedTower> towers{{"text.", &tensors}};
  for (std::size_t i = 0; i < dense.size(); ++i) towers.push_back({"dense." + std::to_string(i) + ".", &dense[i]});
  std::string digest = fingerprint(
      "config.json " + file_digest(model.config_file) + "\n" + describe(model.sentence, most_tokens), towers);
  const auto damaged = [stores] {
    return std::ranges::any_of(stores, [](const TensorStore& store) { return store.damaged(); });
  };
  if (damaged()) {
    throw LoadError(directory.string() +
                    ": expected the weights to stay as they are while they are read, found a file truncated");
  }
  return {.model_type = std::move(model.model_type),
          .encoder = std::move(model.encoder),
          .sentence = std::move(model.sentence),
          .tensors = std::move(tensors),
          .dense = std::move(dense),
          .max_tokens = most_tokens,
          .synthetic = std::move(model.synthetic),
          .fingerprint = std::move(digest),
          .damaged = damaged};
}

ModelTokenizer load_sentence_tokenizer(const fs::path& directory) {
  const SentenceConfig sentence = read_sentence_config(directory);
  const fs::path transformer = transformer_directory(directory, sentence);
  const TextCleaning cleaning{.lower_case = sentence.lower_case};
  return {.tokenizer = std::make_unique<SentenceTokenizer>(load_hf_tokenizer(transformer), cleaning),
          .max_tokens = resolve_max_tokens(read_encoder_config(transformer / kConfigFile), sentence)};
}

LoadedSentenceModel load_sentence_model(const fs::path& directory, const Progress& progress) {
  SentenceWeights weights = read_sentence_weights(directory, progress);
  std::unique_ptr<const Tokenizer> tokenizer = load_sentence_tokenizer(directory).tokenizer;
  const auto rows = static_cast<std::size_t>(vocab_size(weights.encoder));
  if (tokenizer->vocabulary_size() > rows) {
    throw LoadError(directory.string() + ": expected a vocabulary of at most " + std::to_string(rows) +
                    " ids, vocab_size of config.json, found " + std::to_string(tokenizer->vocabulary_size()));
  }
  fs::path named = fs::weakly_canonical(directory);
  if (!named.has_filename()) named = named.parent_path();
  return {.name = named.filename().string(), .weights = std::move(weights), .tokenizer = std::move(tokenizer)};
}

}  // namespace mobileclip
