// The text lane's work: UTF-8 to ids, or ids as they come; ids to embeddings.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/models/encoders/sentence_config.h"
#include "engine/models/text_encoder.h"
#include "engine/runtime/engine.h"

namespace mobileclip {

/// One activation set a worker: forward() may run on every worker at once.
class TextTower {
 public:
  using Input = std::variant<std::string, TokenIds>;
  using Prepared = PreparedText;
  static constexpr Lane kLane = Lane::kText;
  static constexpr std::size_t kInputsPerPrepareJob = 32;  // tokenising takes microseconds

  /// `max_group` texts share one pass over the weights.
  TextTower(std::unique_ptr<const TextEncoder> encoder, std::shared_ptr<const Tokenizer> tokenizer,
            const PromptsConfig& prompts, int workers, std::size_t max_group);

  static std::size_t bytes_of(const Input& input);
  /// Fills what of `item` preparation knows. The request's prompt is one of the model's.
  [[nodiscard]] Result<Prepared> prepare(const Input& input, const EmbedRequest& request, EmbeddedItem& item) const;
  /// group.size() <= max_group(); embeddings is [group.size(), embed_dim].
  void forward(const Context& context, int worker, std::span<const Prepared> group, std::span<float> embeddings);

  /// Valid inputs for the warm-up, the empty text among them.
  [[nodiscard]] std::vector<Prepared> warm_up_inputs(std::size_t count) const;
  [[nodiscard]] std::size_t scratch_per_worker() const { return encoder_->scratch_per_worker(); }
  [[nodiscard]] std::size_t max_group() const { return max_group_; }
  [[nodiscard]] int embed_dim() const { return encoder_->embed_dim(); }
  [[nodiscard]] const Tokenizer& tokenizer() const { return *tokenizer_; }

 private:
  [[nodiscard]] std::size_t context_length() const { return static_cast<std::size_t>(encoder_->context_length()); }
  struct Prompt {
    std::string text;
    int tokens;  // that are not to be pooled
  };
  [[nodiscard]] Prompt measure(std::string text, bool pooled) const;
  /// The one to put before texts, or null.
  [[nodiscard]] const Prompt* choose_prompt(const EmbedRequest& request) const;
  [[nodiscard]] Result<TokenizedText> check_ids(const TokenIds& ids) const;

  std::unique_ptr<const TextEncoder> encoder_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::map<std::string, Prompt, std::less<>> prompts_;
  std::optional<std::string> default_prompt_;
  std::size_t max_group_;
  std::vector<std::unique_ptr<TextActivations>> activations_;
};

}  // namespace mobileclip
