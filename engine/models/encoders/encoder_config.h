// Encoder-only text models as data: what a Hugging Face config.json says, one spelling a fact, every default filled in.
// Each architecture has one type; what its variants do otherwise is a member.
#pragma once

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/kernels/kernels.h"

namespace mobileclip {

/// Which tables are added to a token's embedding.
struct EmbeddingsConfig {
  int vocab_size;
  int width;  ///< of the word table
  int max_position_embeddings;
  bool has_positions = true;  ///< a table of so many positions; else there is none
  /// RoBERTa and MPNet count positions from padding_id + 1 on, over the ids that are not padding_id, which has itself
  /// the position padding_id.
  std::optional<int> padding_id = {};
  int token_types = 0;  ///< rows of the table of token types; 0: there is none

  /// Tokens that the position table has room for; nothing where it sets no limit.
  [[nodiscard]] std::optional<int> max_tokens() const {
    if (!has_positions) return std::nullopt;
    return padding_id ? max_position_embeddings - *padding_id - 1 : max_position_embeddings;
  }
};

/// Where a post-norm checkpoint keeps the parts of one layer.
struct PostNormNames {
  std::string_view layers;
  std::string_view query, key, value, attention_output;
  std::string_view attention_norm;
  std::string_view up, down;
  std::string_view output_norm;
};

/// Scaled dot products and nothing else.
struct PlainAttention {};

/// MPNet: a bias a head for each of `buckets` ranges of distances, the same in all layers.
struct RelativeBiasAttention {
  int buckets;
};

/// DeBERTa: scores between contents and relative positions (He et al., 2020).
struct DisentangledAttention {
  bool content_to_position;
  bool position_to_content;
  int kinds;                 ///< of scores beyond content to content, as the scale counts them
  int span;                  ///< the table of relative positions has twice as many rows
  int buckets = 0;           ///< v2: distances beyond half of it are in logarithmic buckets; 0: each is its own
  int max_distance;          ///< where the last bucket ends
  bool shares_keys = false;  ///< v2: the content's projections serve positions, too
  bool norms_table = false;  ///< v2: the table goes through encoder.LayerNorm first
  bool interleaved = false;  ///< v1: one in_proj, whose rows are each head's queries, keys and values; pos_proj
};

/// DeBERTa v2 xlarge: a convolution over the embeddings, added after the first layer.
struct EncoderConvConfig {
  int kernel_size;
  int groups;
  kernels::Activation activation;
};

/// BERT and those that differ from it in embeddings and attention only: RoBERTa, DistilBERT, MPNet, DeBERTa.
struct PostNormConfig {
  PostNormNames names;
  EmbeddingsConfig embeddings;
  int hidden_size;
  int layers;
  int heads;
  int intermediate_size;
  kernels::Activation hidden_act;
  float layer_norm_eps;
  std::variant<PlainAttention, RelativeBiasAttention, DisentangledAttention> attention;
  std::optional<EncoderConvConfig> conv = {};
};

/// ModernBERT (Warner et al., 2024).
struct ModernBertConfig {
  int vocab_size;
  int max_position_embeddings;
  int hidden_size;
  int heads;
  int intermediate_size;
  kernels::Activation hidden_activation;
  float norm_eps;
  bool norm_bias;
  bool attention_bias;
  bool mlp_bias;
  std::vector<bool> is_local;  ///< a layer: whether it sees only what is near
  int window;                  ///< how far a local layer sees on either side
  double global_theta;         ///< of the rotary embedding
  double local_theta;
};

/// MobileBERT (Sun et al., 2020).
struct MobileBertConfig {
  EmbeddingsConfig embeddings;  ///< the position and type tables are as wide as hidden_size
  bool trigram_input;           ///< each token's embedding between its neighbours'
  int hidden_size;
  int layers;
  int heads;
  int intermediate_size;
  kernels::Activation hidden_act;
  float layer_norm_eps;
  bool no_norm;                   ///< x * weight + bias in the place of LayerNorm
  std::optional<int> bottleneck;  ///< width within the layers; none: hidden_size
  bool bottleneck_attention;      ///< queries, keys and values all read the bottleneck's input
  bool shared_bottleneck;         ///< queries and keys have a bottleneck of their own
  int feed_forward_networks;

  [[nodiscard]] int inner_size() const { return bottleneck.value_or(hidden_size); }
};

using EncoderConfig = std::variant<PostNormConfig, ModernBertConfig, MobileBertConfig>;

int hidden_size(const EncoderConfig& config);
int vocab_size(const EncoderConfig& config);
int max_position_embeddings(const EncoderConfig& config);
/// Tokens a text may have; nothing where positions set no limit.
std::optional<int> max_tokens(const EncoderConfig& config);

}  // namespace mobileclip
