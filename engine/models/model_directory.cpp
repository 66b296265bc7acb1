#include "engine/models/model_directory.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/fingerprint.h"
#include "engine/models/model_weights.h"

namespace mobileclip {
namespace {

/// A vocabulary larger than the embedding table would read past its end.
void check_vocabulary(const ClipTokenizer& tokenizer, const ModelConfig& config,
                      const std::filesystem::path& directory) {
  const auto rows = static_cast<std::size_t>(config.text.vocab_size);
  const auto highest_special = static_cast<std::size_t>(std::max(tokenizer.start_of_text(), tokenizer.end_of_text()));
  if (tokenizer.vocabulary_size() <= rows && highest_special < rows) return;
  throw LoadError(directory.string() + ": expected a vocabulary of at most " + std::to_string(rows) +
                  " ids, as many as token_embedding.weight has rows, found " +
                  std::to_string(std::max(tokenizer.vocabulary_size(), highest_special + 1)));
}

}  // namespace

LoadedClipModel load_clip_model(const std::filesystem::path& directory, const Progress& progress) {
  auto weights = std::make_shared<ModelWeights>(read_model_weights(directory, progress));
  ClipTokenizer tokenizer = ClipTokenizer::load(directory);
  check_vocabulary(tokenizer, weights->config, directory);
  std::string digest = fingerprint(weights->config, weights->image, weights->text);
  check_undamaged(*weights);
  return {.config = weights->config,
          .image = std::move(weights->image),
          .text = std::move(weights->text),
          .logit_scale = std::exp(weights->logit_scale),
          .tokenizer = std::move(tokenizer),
          .fingerprint = std::move(digest),
          .source_layout = weights->layout.name(),
          .synthetic = weights->synthetic.has_value(),
          .damaged = [weights] { return weights->stored.damaged(); }};
}

}  // namespace mobileclip
