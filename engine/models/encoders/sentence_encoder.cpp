#include "engine/models/encoders/sentence_encoder.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/models/encoders/pooling.h"
#include "engine/models/encoders/token_buffer.h"

namespace mobileclip {
namespace {

void write_row(std::span<const float> values, Blocked x, int row) {
  for (int b = 0; b < x.blocks(); ++b) {
    float* to = x.block(b) + row * kChannelBlock;
    const auto begin = static_cast<std::size_t>(b * kChannelBlock);
    const std::size_t count = std::min<std::size_t>(kChannelBlock, values.size() - begin);
    std::copy_n(values.data() + begin, count, to);
    std::fill(to + count, to + kChannelBlock, 0.0F);
  }
}

void read_row(Blocked x, int row, std::span<float> values) {
  for (std::size_t c = 0; c < values.size(); ++c) {
    values[c] = x.block(static_cast<int>(c) / kChannelBlock)[row * kChannelBlock + static_cast<int>(c) % kChannelBlock];
  }
}

}  // namespace

DenseLayer::DenseLayer(const DenseConfig& config, const WeightScope& linear)
    : out_features_(config.out_features),
      activation_(config.activation),
      linear_(
          read_padded_linear(linear, {.size = config.out_features}, {.size = config.in_features}, Arithmetic::kFp32)) {}

void DenseLayer::forward(const Context& context, Blocked x, Blocked y) const {
  linear_.forward(context, x, y, {.activation = activation_});
}

struct SentenceEncoder::Activations final : TextActivations {
  std::unique_ptr<TokenActivations> tokens;
  std::vector<std::int32_t> ids;
  std::vector<int> row_begins;
  std::vector<int> prompt_tokens;
  std::vector<float> pooled;          // of one text
  std::vector<TokenBuffer> features;  // before each Dense module and after the last
};

SentenceEncoder::SentenceEncoder(std::unique_ptr<const TokenEncoder> encoder, const Sizes& sizes, PoolingConfig pooling,
                                 std::vector<DenseLayer> dense)
    : encoder_(std::move(encoder)), sizes_(sizes), pooling_(std::move(pooling)), dense_(std::move(dense)) {
  assert(!pooling_.modes.empty());
}

int SentenceEncoder::embed_dim() const {
  return dense_.empty() ? pooled_channels().count() : dense_.back().out_features();
}

std::unique_ptr<TextActivations> SentenceEncoder::make_activations(int max_texts) const {
  auto a = std::make_unique<Activations>();
  a->tokens = encoder_->make_activations(max_texts * sizes_.max_tokens);
  a->ids.reserve(static_cast<std::size_t>(max_texts) * static_cast<std::size_t>(sizes_.max_tokens));
  a->row_begins.reserve(static_cast<std::size_t>(max_texts) + 1);
  a->prompt_tokens.reserve(static_cast<std::size_t>(max_texts));
  a->pooled.resize(static_cast<std::size_t>(pooled_channels().count()));
  for (const DenseLayer& layer : dense_) a->features.emplace_back(layer.in_channels(), max_texts);
  if (!dense_.empty()) a->features.emplace_back(dense_.back().out_channels(), max_texts);
  return a;
}

void SentenceEncoder::forward(const Context& context, TextActivations& activations, std::span<const PreparedText> texts,
                              std::span<float> embeddings) const {
  auto& a = static_cast<Activations&>(activations);
  a.ids.clear();
  a.row_begins.assign(1, 0);
  a.prompt_tokens.clear();
  for (const PreparedText& text : texts) {
    a.ids.insert(a.ids.end(), text.ids.begin(), text.ids.end());
    a.row_begins.push_back(static_cast<int>(a.ids.size()));
    a.prompt_tokens.push_back(text.prompt_tokens);
  }
  embed(context, activations, {.ids = a.ids, .row_begins = a.row_begins}, a.prompt_tokens, embeddings);
}

void SentenceEncoder::embed(const Context& context, TextActivations& activations, const TokenBatch& batch,
                            std::span<const int> prompt_tokens, std::span<float> embeddings) const {
  auto& a = static_cast<Activations&>(activations);
  const auto dim = static_cast<std::size_t>(embed_dim());
  const std::size_t texts = batch.row_begins.size() - 1;
  assert(embeddings.size() == texts * dim);
  const Blocked states = encoder_->forward(context, *a.tokens, batch, {});
  for (std::size_t t = 0; t < texts; ++t) {
    const TextRows rows{.begin = batch.row_begins[t], .end = batch.row_begins[t + 1], .prompt = prompt_tokens[t]};
    pool(pooling_, states, rows, sizes_.hidden, dense_.empty() ? embeddings.subspan(t * dim, dim) : a.pooled);
    if (!dense_.empty()) write_row(a.pooled, a.features.front().view(static_cast<int>(texts)), static_cast<int>(t));
  }
  if (dense_.empty()) return;
  for (std::size_t i = 0; i < dense_.size(); ++i) {
    dense_[i].forward(context, a.features[i].view(static_cast<int>(texts)),
                      a.features[i + 1].view(static_cast<int>(texts)));
  }
  for (std::size_t t = 0; t < texts; ++t) {
    read_row(a.features.back().view(static_cast<int>(texts)), static_cast<int>(t), embeddings.subspan(t * dim, dim));
  }
}

}  // namespace mobileclip
