// An encoder-only text model as it lies on disk, in Hugging Face's or sentence-transformers' layout, read.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/progress.h"
#include "engine/models/encoders/encoder_config.h"
#include "engine/models/encoders/sentence_config.h"
#include "engine/models/model_directory.h"
#include "engine/models/quantization_config.h"
#include "engine/tokenizer/tokenizer.h"

namespace mobileclip {

/// A sentence-transformers or Hugging Face directory without its tokeniser: what loading and inspection share.
struct SentenceWeights {
  std::string model_type;  ///< "bert"
  EncoderConfig encoder;
  SentenceConfig sentence;
  TowerWeights tensors;                  ///< by encoder_tensors()
  std::vector<TowerWeights> dense;       ///< of each Dense module: "linear.weight", "linear.bias"
  int max_tokens;                        ///< of a text, specials included
  std::optional<std::string> synthetic;  ///< where made-up values came from, by the file: "seed 1"
  std::string fingerprint;               ///< hex SHA-256 over config.json, how texts become vectors, and the weights
  std::function<bool()> damaged;         ///< see TensorStore::damaged; check after the weights were read

  [[nodiscard]] int embed_dim() const;
};

struct LoadedSentenceModel {
  std::string name;  ///< the directory's
  SentenceWeights weights;
  std::unique_ptr<const Tokenizer> tokenizer;  ///< with the cleaning that the configuration asks for
};

struct ModelTokenizer {
  std::unique_ptr<const Tokenizer> tokenizer;  ///< with the cleaning that the configuration asks for
  int max_tokens;                              ///< of a text, specials included
};

/// True where `directory` holds modules.json, or a config.json whose model_type is no CLIP's: reading it says whether
/// we know it.
bool is_sentence_directory(const std::filesystem::path& directory);

/// Where the transformer of such a directory lies, and its files of weights: the transformer's first, then Dense
/// modules'. Throws LoadError.
std::filesystem::path transformer_directory(const std::filesystem::path& directory);
std::vector<std::filesystem::path> sentence_weights_files(const std::filesystem::path& directory);

/// A directory whose files hold every tensor that its configurations ask for, in the right shapes; no value was read.
struct OpenedSentenceModel {
  std::string model_type;
  EncoderConfig encoder;
  SentenceConfig sentence;
  QuantizationConfig quantization;  ///< of the transformer
  std::optional<std::string> synthetic;
  std::filesystem::path config_file;         ///< the transformer's
  std::vector<std::filesystem::path> files;  ///< sentence_weights_files()
  std::vector<TensorStore> stores;           ///< of these
};

/// Throws LoadError naming what is missing, misshapen, unused or not supported.
OpenedSentenceModel open_sentence_model(const std::filesystem::path& directory);
/// Throws LoadError also for values that are NaN or infinite.
SentenceWeights read_sentence_weights(const std::filesystem::path& directory, const Progress& progress = {});
ModelTokenizer load_sentence_tokenizer(const std::filesystem::path& directory);
LoadedSentenceModel load_sentence_model(const std::filesystem::path& directory, const Progress& progress = {});

inline constexpr const char* kSentenceLayout = "sentence-transformers";

}  // namespace mobileclip
