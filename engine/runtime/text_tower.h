// The text lane's work: UTF-8 to ids, or ids as they come; ids to embeddings.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/models/clip_text.h"
#include "engine/runtime/engine.h"

namespace mobileclip {

/// One activation set a worker: forward() may run on every worker at once.
class TextTower {
 public:
  using Input = std::variant<std::string, TokenIds>;
  using Prepared = TokenIds;  ///< unpadded, ending in <end_of_text>
  static constexpr Lane kLane = Lane::kText;
  static constexpr std::size_t kInputsPerPrepareJob = 32;  // tokenising takes microseconds

  /// `max_group` texts share one pass over the weights.
  TextTower(ClipTextEncoder encoder, ClipTokenizer tokenizer, int workers, std::size_t max_group);

  static std::size_t bytes_of(const Input& input);
  /// Fills what of `item` preparation knows.
  [[nodiscard]] Result<Prepared> prepare(const Input& input, const EmbedRequest& request, EmbeddedItem& item) const;
  /// group.size() <= max_group(); embeddings is [group.size(), embed_dim].
  void forward(const Context& context, int worker, std::span<const Prepared> group, std::span<float> embeddings);

  /// Valid inputs for the warm-up, the empty text among them.
  [[nodiscard]] std::vector<Prepared> warm_up_inputs(std::size_t count) const;
  [[nodiscard]] std::size_t scratch_per_worker() const { return encoder_.scratch_per_worker(); }
  [[nodiscard]] std::size_t max_group() const { return max_group_; }
  [[nodiscard]] int embed_dim() const { return encoder_.embed_dim(); }
  [[nodiscard]] const ClipTokenizer& tokenizer() const { return tokenizer_; }

 private:
  [[nodiscard]] Result<Prepared> tokenize(const std::string& text, bool truncate, EmbeddedItem& item) const;
  [[nodiscard]] Result<Prepared> check_ids(TokenIds ids, bool truncate, EmbeddedItem& item) const;

  ClipTextEncoder encoder_;
  ClipTokenizer tokenizer_;
  std::size_t max_group_;
  std::vector<ClipTextActivations> activations_;
};

}  // namespace mobileclip
