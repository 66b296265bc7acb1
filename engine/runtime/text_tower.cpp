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

TextTower::TextTower(ClipTextEncoder encoder, ClipTokenizer tokenizer, int workers, std::size_t max_group)
    : encoder_(std::move(encoder)), tokenizer_(std::move(tokenizer)), max_group_(max_group) {
  for (int i = 0; i < workers; ++i) activations_.push_back(encoder_.make_activations(static_cast<int>(max_group)));
}

std::size_t TextTower::bytes_of(const Input& input) {
  if (const auto* ids = std::get_if<TokenIds>(&input)) return ids->size() * sizeof(ids->front());
  return std::get<std::string>(input).size();
}

Result<TextTower::Prepared> TextTower::prepare(const Input& input, const EmbedRequest& request,
                                               EmbeddedItem& item) const {
  Result<Prepared> ids = std::holds_alternative<TokenIds>(input)
                             ? check_ids(std::get<TokenIds>(input), request.truncate, item)
                             : tokenize(std::get<std::string>(input), request.truncate, item);
  if (ids) item.tokens = static_cast<std::uint32_t>(ids->size());
  return ids;
}

Result<TextTower::Prepared> TextTower::tokenize(const std::string& text, bool truncate, EmbeddedItem& item) const {
  const auto context_length = static_cast<std::size_t>(encoder_.config().context_length);
  Result<TokenizedText> tokenized = tokenizer_.encode(text, context_length);
  if (!tokenized) return std::move(tokenized).error();
  if (tokenized->truncated() && !truncate) return too_long(tokenized->untruncated_length, context_length);
  item.truncated = tokenized->truncated();
  return std::move(tokenized->ids);
}

Result<TextTower::Prepared> TextTower::check_ids(TokenIds ids, bool truncate, EmbeddedItem& item) const {
  const int vocabulary = encoder_.config().vocab_size;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < vocabulary) continue;
    return Error{ErrorCode::kInvalidArgument, "token id " + std::to_string(ids[i]) + " at position " +
                                                  std::to_string(i) + ": expected 0 to " +
                                                  std::to_string(vocabulary - 1)};
  }
  // OpenCLIP's tokenize() pads with zeros behind <end_of_text>; the model adds them itself.
  const auto last = std::find_if(ids.rbegin(), ids.rend(), [](std::int32_t id) { return id != 0; });
  if (last != ids.rend() && *last == tokenizer_.end_of_text()) ids.erase(last.base(), ids.end());
  if (ids.empty() || ids.front() != tokenizer_.start_of_text()) ids.insert(ids.begin(), tokenizer_.start_of_text());
  if (ids.size() < 2 || ids.back() != tokenizer_.end_of_text()) ids.push_back(tokenizer_.end_of_text());

  const auto context_length = static_cast<std::size_t>(encoder_.config().context_length);
  if (ids.size() <= context_length) return ids;
  if (!truncate) return too_long(ids.size(), context_length);
  item.truncated = true;
  ids.resize(context_length);
  ids.back() = tokenizer_.end_of_text();
  return ids;
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
