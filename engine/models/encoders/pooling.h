// From a text's token states to one vector.
#pragma once

#include <span>

#include "engine/models/encoders/sentence_config.h"
#include "engine/tensor/blocked.h"

namespace mobileclip {

/// The rows of a text, and how many of them at its beginning are its prompt's and not to be pooled.
struct TextRows {
  int begin;
  int end;
  int prompt = 0;
};

/// `states` is [hidden, filled up][rows]; out [modes * hidden], concatenated in the order of `config`. Sums are in
/// double. [CLS] and the last token are themselves whatever the prompt; weights of the weighted mean are positions from
/// 1 on.
void pool(const PoolingConfig& config, Blocked states, TextRows text, int hidden, std::span<float> out);

}  // namespace mobileclip
