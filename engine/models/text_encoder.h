// A text tower ready to run, whatever its architecture: token ids in, vectors out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/nn/context.h"
#include "engine/tokenizer/tokenizer.h"

namespace mobileclip {

/// A text as Tokenizer::encode gives it: at most context_length() ids, each below vocab_size().
struct PreparedText {
  TokenIds ids;
  int prompt_tokens = 0;  ///< so many at its beginning count for its other tokens, but are not pooled
};

/// The buffers of one forward pass; only the encoder that made them knows what is in them.
class TextActivations {
 public:
  TextActivations() = default;
  TextActivations(const TextActivations&) = delete;
  TextActivations& operator=(const TextActivations&) = delete;
  virtual ~TextActivations() = default;
};

/// Immutable; forward() may run from any number of threads, each with its own activations.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;

  [[nodiscard]] virtual std::unique_ptr<TextActivations> make_activations(int max_texts) const = 0;
  /// Floats of Context::scratch that a worker needs.
  [[nodiscard]] virtual std::size_t scratch_per_worker() const = 0;
  /// embeddings [texts, embed_dim], not normalised.
  virtual void forward(const Context& context, TextActivations& activations, std::span<const PreparedText> texts,
                       std::span<float> embeddings) const = 0;

  [[nodiscard]] virtual int embed_dim() const = 0;
  [[nodiscard]] virtual int context_length() const = 0;  ///< tokens of a text at most
  [[nodiscard]] virtual int vocab_size() const = 0;
};

/// Any class with the same functions, but activations of a type of its own, as TextEncoder: ClipTextEncoder, say.
template <typename Encoder>
class AnyTextEncoder final : public TextEncoder {
 public:
  explicit AnyTextEncoder(Encoder encoder) : encoder_(std::move(encoder)) {}

  [[nodiscard]] std::unique_ptr<TextActivations> make_activations(int max_texts) const override {
    return std::make_unique<Activations>(encoder_.make_activations(max_texts));
  }
  [[nodiscard]] std::size_t scratch_per_worker() const override { return encoder_.scratch_per_worker(); }
  void forward(const Context& context, TextActivations& activations, std::span<const PreparedText> texts,
               std::span<float> embeddings) const override {
    std::vector<std::span<const std::int32_t>> ids;
    for (const PreparedText& text : texts) ids.emplace_back(text.ids);
    encoder_.forward(context, static_cast<Activations&>(activations).own, ids, embeddings);
  }
  [[nodiscard]] int embed_dim() const override { return encoder_.embed_dim(); }
  [[nodiscard]] int context_length() const override { return encoder_.context_length(); }
  [[nodiscard]] int vocab_size() const override { return encoder_.vocab_size(); }

 private:
  using Own = decltype(std::declval<const Encoder&>().make_activations(1));
  struct Activations final : TextActivations {
    explicit Activations(Own made) : own(std::move(made)) {}
    Own own;
  };

  Encoder encoder_;
};

}  // namespace mobileclip
