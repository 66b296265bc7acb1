#include "engine/runtime/text_tower.h"

#include <cassert>
#include <utility>

namespace mobileclip {

TextTower::TextTower(ClipTextEncoder encoder, ClipTokenizer tokenizer, int workers, std::size_t max_group)
    : encoder_(std::move(encoder)), tokenizer_(std::move(tokenizer)), max_group_(max_group) {
  for (int i = 0; i < workers; ++i) activations_.push_back(encoder_.make_activations(static_cast<int>(max_group)));
}

Result<TextTower::Prepared> TextTower::prepare(const Input& input, const EmbedRequest& request,
                                               EmbeddedItem& item) const {
  const auto context_length = static_cast<std::size_t>(encoder_.config().context_length);
  Result<TokenizedText> tokenized = tokenizer_.encode(input, context_length);
  if (!tokenized) return std::move(tokenized).error();
  if (tokenized->truncated() && !request.truncate) {
    return Error{ErrorCode::kTextTooLong, "the text has " + std::to_string(tokenized->untruncated_length) +
                                              " tokens, the model takes " + std::to_string(context_length) +
                                              ", and truncate is false"};
  }
  item.tokens = static_cast<std::uint32_t>(tokenized->ids.size());
  item.truncated = tokenized->truncated();
  return std::move(tokenized->ids);
}

void TextTower::forward(const Context& context, int worker, std::span<const Prepared> group,
                        std::span<float> embeddings) {
  assert(group.size() <= max_group_);
  const std::vector<std::span<const std::int32_t>> texts(group.begin(), group.end());
  encoder_.forward(context, activations_[static_cast<std::size_t>(worker)], texts, embeddings);
}

std::vector<TextTower::Prepared> TextTower::warm_up_inputs(std::size_t count) const {
  const auto longest = static_cast<std::size_t>(encoder_.config().context_length) - 2;
  std::vector<Prepared> texts;
  for (std::size_t i = 0; i < count; ++i) {
    Prepared ids{tokenizer_.start_of_text()};
    ids.insert(ids.end(), std::min(i * 13, longest), 0);
    ids.push_back(tokenizer_.end_of_text());
    texts.push_back(std::move(ids));
  }
  return texts;
}

}  // namespace mobileclip
