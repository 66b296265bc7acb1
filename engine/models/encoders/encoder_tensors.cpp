#include "engine/models/encoders/encoder_tensors.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mobileclip {
namespace {

/// Enters the tensors of a network's parts into a table.
class Table {
 public:
  void add(const std::string& name, Shape shape) { table_.emplace(name, std::move(shape)); }
  void linear(const std::string& name, int out, int in, bool bias = true) {
    add(name + ".weight", {out, in});
    if (bias) add(name + ".bias", {out});
  }
  void norm(const std::string& name, int width, bool bias = true) {
    add(name + ".weight", {width});
    if (bias) add(name + ".bias", {width});
  }
  /// The word, position and type tables; the latter two are `after` wide.
  void embeddings(const EmbeddingsConfig& c, int after) {
    add("embeddings.word_embeddings.weight", {c.vocab_size, c.width});
    if (c.has_positions) add("embeddings.position_embeddings.weight", {c.max_position_embeddings, after});
    if (c.token_types > 0) add("embeddings.token_type_embeddings.weight", {c.token_types, after});
  }
  TensorTable take() { return std::move(table_); }

 private:
  TensorTable table_;
};

std::string operator+(const std::string& prefix, std::string_view name) { return std::string(prefix).append(name); }

void add_projections(Table& t, const PostNormConfig& c, const std::string& p) {
  const int d = c.hidden_size;
  const std::string self = p + "attention.self.";
  const auto* const positions = std::get_if<DisentangledAttention>(&c.attention);
  if (positions && positions->interleaved) {
    t.linear(self + "in_proj", 3 * d, d, false);
    t.add(self + "q_bias", {d});
    t.add(self + "v_bias", {d});
    if (positions->content_to_position) t.linear(self + "pos_proj", d, d, false);
    if (positions->position_to_content) t.linear(self + "pos_q_proj", d, d);
    return;
  }
  for (const std::string_view part : {c.names.query, c.names.key, c.names.value}) t.linear(p + part, d, d);
  if (!positions || positions->shares_keys) return;
  if (positions->content_to_position) t.linear(self + "pos_key_proj", d, d);
  if (positions->position_to_content) t.linear(self + "pos_query_proj", d, d);
}

TensorTable tensors(const PostNormConfig& c) {
  Table t;
  const int d = c.hidden_size;
  t.embeddings(c.embeddings, c.embeddings.width);
  if (c.embeddings.width != d) t.linear("embeddings.embed_proj", d, c.embeddings.width, false);
  t.norm("embeddings.LayerNorm", d);
  for (int i = 0; i < c.layers; ++i) {
    const std::string p = std::string(c.names.layers) + "." + std::to_string(i) + ".";
    add_projections(t, c, p);
    t.linear(p + c.names.attention_output, d, d);
    t.norm(p + c.names.attention_norm, d);
    t.linear(p + c.names.up, c.intermediate_size, d);
    t.linear(p + c.names.down, d, c.intermediate_size);
    t.norm(p + c.names.output_norm, d);
  }
  if (const auto* const bias = std::get_if<RelativeBiasAttention>(&c.attention)) {
    t.add("encoder.relative_attention_bias.weight", {bias->buckets, c.heads});
  }
  if (const auto* const positions = std::get_if<DisentangledAttention>(&c.attention)) {
    if (positions->span > 0) t.add("encoder.rel_embeddings.weight", {2 * positions->span, d});
    if (positions->norms_table) t.norm("encoder.LayerNorm", d);
  }
  if (c.conv) {
    t.add("encoder.conv.conv.weight", {d, d / c.conv->groups, c.conv->kernel_size});
    t.add("encoder.conv.conv.bias", {d});
    t.norm("encoder.conv.LayerNorm", d);
  }
  return t.take();
}

TensorTable tensors(const ModernBertConfig& c) {
  Table t;
  const int d = c.hidden_size;
  t.add("embeddings.tok_embeddings.weight", {c.vocab_size, d});
  t.norm("embeddings.norm", d, c.norm_bias);
  for (std::size_t i = 0; i < c.is_local.size(); ++i) {
    const std::string p = "layers." + std::to_string(i) + ".";
    if (i > 0) t.norm(p + "attn_norm", d, c.norm_bias);  // the first layer reads what embeddings.norm wrote
    t.linear(p + "attn.Wqkv", 3 * d, d, c.attention_bias);
    t.linear(p + "attn.Wo", d, d, c.attention_bias);
    t.norm(p + "mlp_norm", d, c.norm_bias);
    t.linear(p + "mlp.Wi", 2 * c.intermediate_size, d, c.mlp_bias);
    t.linear(p + "mlp.Wo", d, c.intermediate_size, c.mlp_bias);
  }
  t.norm("final_norm", d, c.norm_bias);
  return t.take();
}

TensorTable tensors(const MobileBertConfig& c) {
  Table t;
  const int d = c.hidden_size;
  const int inner = c.inner_size();
  const int ff = c.intermediate_size;
  t.embeddings(c.embeddings, d);
  t.linear("embeddings.embedding_transformation", d, c.embeddings.width * (c.trigram_input ? 3 : 1));
  t.norm("embeddings.LayerNorm", d);
  for (int i = 0; i < c.layers; ++i) {
    const std::string p = "encoder.layer." + std::to_string(i) + ".";
    t.linear(p + "attention.self.query", inner, inner);
    t.linear(p + "attention.self.key", inner, inner);
    t.linear(p + "attention.self.value", inner, c.bottleneck_attention ? inner : d);
    t.linear(p + "attention.output.dense", inner, inner);
    t.norm(p + "attention.output.LayerNorm", inner);
    t.linear(p + "intermediate.dense", ff, inner);
    t.linear(p + "output.dense", inner, ff);
    t.norm(p + "output.LayerNorm", inner);
    if (c.bottleneck) {
      t.linear(p + "output.bottleneck.dense", d, inner);
      t.norm(p + "output.bottleneck.LayerNorm", d);
      t.linear(p + "bottleneck.input.dense", inner, d);
      t.norm(p + "bottleneck.input.LayerNorm", inner);
    }
    if (c.bottleneck && c.shared_bottleneck) {
      t.linear(p + "bottleneck.attention.dense", inner, d);
      t.norm(p + "bottleneck.attention.LayerNorm", inner);
    }
    for (int j = 0; j + 1 < c.feed_forward_networks; ++j) {
      const std::string ffn = p + "ffn." + std::to_string(j) + ".";
      t.linear(ffn + "intermediate.dense", ff, inner);
      t.linear(ffn + "output.dense", inner, ff);
      t.norm(ffn + "output.LayerNorm", inner);
    }
  }
  return t.take();
}

constexpr std::array<std::string_view, 7> kPrefixes{"bert.",    "roberta.",    "distilbert.", "mpnet.",
                                                    "deberta.", "mobilebert.", "model."};
constexpr std::array<std::string_view, 12> kHeads{"pooler.",
                                                  "cls.",
                                                  "classifier.",
                                                  "lm_head.",
                                                  "lm_predictions.",
                                                  "mask_predictions.",
                                                  "vocab_transform.",
                                                  "vocab_layer_norm.",
                                                  "vocab_projector.",
                                                  "qa_outputs.",
                                                  "head.",
                                                  "decoder."};

}  // namespace

TensorTable encoder_tensors(const EncoderConfig& config) {
  return std::visit([](const auto& family) { return tensors(family); }, config);
}

std::optional<std::string> bare_encoder_name(std::string_view name) {
  for (const std::string_view prefix : kPrefixes) {
    if (!name.starts_with(prefix)) continue;
    name.remove_prefix(prefix.size());
    break;
  }
  const bool is_of_head = std::ranges::any_of(kHeads, [&](std::string_view head) { return name.starts_with(head); });
  if (is_of_head || name == "embeddings.position_ids") return std::nullopt;
  std::string bare(name);
  for (const auto& [old_leaf, leaf] : {std::pair{".gamma", ".weight"}, std::pair{".beta", ".bias"}}) {
    if (!bare.ends_with(std::string(".LayerNorm") + old_leaf)) continue;
    bare.replace(bare.rfind(old_leaf), std::string::npos, leaf);
    break;
  }
  return bare;
}

}  // namespace mobileclip
