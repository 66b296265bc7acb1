#include "engine/runtime/text_tower.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace mobileclip {
namespace {

Error too_long(std::size_t tokens, std::size_t context_length) {
  return {ErrorCode::kTextTooLong, "the text has " + std::to_string(tokens) + " tokens, the model takes " +
                                       std::to_string(context_length) + ", and truncate is false"};
}

}  // namespace

TextTower::TextTower(std::unique_ptr<const TextEncoder> encoder, std::unique_ptr<const Tokenizer> tokenizer,
                     int workers, std::size_t max_group)
    : encoder_(std::move(encoder)), tokenizer_(std::move(tokenizer)), max_group_(max_group) {
  for (int i = 0; i < workers; ++i) activations_.push_back(encoder_->make_activations(static_cast<int>(max_group)));
}

std::size_t TextTower::bytes_of(const Input& input) {
  if (const auto* ids = std::get_if<TokenIds>(&input)) return ids->size() * sizeof(ids->front());
  return std::get<std::string>(input).size();
}

Result<TextTower::Prepared> TextTower::prepare(const Input& input, const EmbedRequest& request,
                                               EmbeddedItem& item) const {
  Result<TokenizedText> tokenized = std::holds_alternative<TokenIds>(input)
                                        ? check_ids(std::get<TokenIds>(input))
                                        : tokenizer_->encode(std::get<std::string>(input), context_length());
  if (!tokenized) return std::move(tokenized).error();
  item.truncated = tokenized->truncated();
  if (item.truncated && !request.truncate) return too_long(tokenized->untruncated_length, context_length());
  item.tokens = static_cast<std::uint32_t>(tokenized->ids.size());
  return std::move(tokenized->ids);
}

Result<TokenizedText> TextTower::check_ids(const TokenIds& ids) const {
  const int vocabulary = encoder_->vocab_size();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < vocabulary) continue;
    return Error{ErrorCode::kInvalidArgument, "token id " + std::to_string(ids[i]) + " at position " +
                                                  std::to_string(i) + ": expected 0 to " +
                                                  std::to_string(vocabulary - 1)};
  }
  return tokenizer_->frame(ids, context_length());
}

void TextTower::forward(const Context& context, int worker, std::span<const Prepared> group,
                        std::span<float> embeddings) {
  assert(group.size() <= max_group_);
  const std::vector<std::span<const std::int32_t>> texts(group.begin(), group.end());
  encoder_->forward(context, *activations_[static_cast<std::size_t>(worker)], texts, embeddings);
}

std::vector<TextTower::Prepared> TextTower::warm_up_inputs(std::size_t count) const {
  const std::int32_t some_token = encoder_->vocab_size() / 2;
  std::vector<Prepared> texts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t length = std::min(i * 13, context_length());
    Result<TokenizedText> framed = tokenizer_->frame(TokenIds(length, some_token), context_length());
    assert(framed);  // a context that has no room for the specials cannot be loaded
    texts.push_back(std::move(framed->ids));
  }
  return texts;
}

}  // namespace mobileclip
