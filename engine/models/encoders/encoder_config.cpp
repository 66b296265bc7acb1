#include "engine/models/encoders/encoder_config.h"

namespace mobileclip {
namespace {

struct VocabSize {
  int operator()(const ModernBertConfig& config) const { return config.vocab_size; }
  int operator()(const auto& config) const { return config.embeddings.vocab_size; }
};

struct MaxPositionEmbeddings {
  int operator()(const ModernBertConfig& config) const { return config.max_position_embeddings; }
  int operator()(const auto& config) const { return config.embeddings.max_position_embeddings; }
};

struct MaxTokens {
  std::optional<int> operator()(const ModernBertConfig& config) const { return config.max_position_embeddings; }
  std::optional<int> operator()(const auto& config) const { return config.embeddings.max_tokens(); }
};

}  // namespace

int hidden_size(const EncoderConfig& config) {
  return std::visit([](const auto& family) { return family.hidden_size; }, config);
}

int vocab_size(const EncoderConfig& config) { return std::visit(VocabSize{}, config); }

int max_position_embeddings(const EncoderConfig& config) { return std::visit(MaxPositionEmbeddings{}, config); }

std::optional<int> max_tokens(const EncoderConfig& config) { return std::visit(MaxTokens{}, config); }

}  // namespace mobileclip
