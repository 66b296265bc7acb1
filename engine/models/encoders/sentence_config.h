// What a sentence-transformers directory says beyond its transformer: how token states become one vector, and how texts
// are prepared.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/kernels/kernels.h"

namespace mobileclip {

/// Ways from token states to one vector, in the order in which several are concatenated.
enum class Pooling { kCls, kMax, kMean, kMeanSqrtLen, kWeightedMean, kLastToken };

struct PoolingConfig {
  std::vector<Pooling> modes{Pooling::kMean};
};

/// "mean", "cls+max"; the last token's is "last_token", as Text Embeddings Inference calls it.
std::string describe(const PoolingConfig& pooling);

/// A Dense module: a linear layer and its activation.
struct DenseConfig {
  std::string path;  ///< of its directory, relative to the model's
  int in_features;
  int out_features;
  bool bias;
  kernels::Activation activation;
};

/// Texts put before what is embedded, by name: {"query": "query: "}.
struct PromptsConfig {
  std::map<std::string, std::string, std::less<>> texts;
  std::optional<std::string> default_name;  ///< one of them
  bool pooled = true;                       ///< false: a prompt's tokens, [CLS] among them, are left out of pooling
};

struct SentenceConfig {
  std::string transformer_path;  ///< of the transformer's directory, relative to the model's: mostly ""
  PoolingConfig pooling;
  std::vector<DenseConfig> dense;
  PromptsConfig prompts;
  /// Of a text at most, specials included, as the sentence-transformers files say; where they don't, as the tokeniser's
  /// do.
  std::optional<int> max_tokens;
  std::optional<int> tokenizer_max_tokens;
  bool lower_case = false;
};

}  // namespace mobileclip
