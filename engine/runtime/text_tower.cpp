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

TextTower::TextTower(std::unique_ptr<const TextEncoder> encoder, std::shared_ptr<const Tokenizer> tokenizer,
                     const PromptsConfig& prompts, int workers, std::size_t max_group)
    : encoder_(std::move(encoder)),
      tokenizer_(std::move(tokenizer)),
      default_prompt_(prompts.default_name),
      max_group_(max_group) {
  for (const auto& [name, text] : prompts.texts) prompts_.emplace(name, measure(text, prompts.pooled));
  for (int i = 0; i < workers; ++i) activations_.push_back(encoder_->make_activations(static_cast<int>(max_group)));
}

std::size_t TextTower::bytes_of(const Input& input) {
  if (const auto* ids = std::get_if<TokenIds>(&input)) return ids->size() * sizeof(ids->front());
  return std::get<std::string>(input).size();
}

/// As sentence-transformers counts them: the specials before a prompt are left out with it, those behind it are the
/// text's.
TextTower::Prompt TextTower::measure(std::string text, bool pooled) const {
  if (pooled) return {.text = std::move(text), .tokens = 0};
  const Result<std::vector<TokenSpan>> spans = tokenizer_->spans(text);
  if (!spans) throw LoadError("prompt \"" + text + "\": " + spans.error().message);
  const bool ends_in_special = !spans->empty() && spans->back().special;
  return {.text = std::move(text), .tokens = static_cast<int>(spans->size()) - int{ends_in_special}};
}

const TextTower::Prompt* TextTower::choose_prompt(const EmbedRequest& request) const {
  const std::optional<std::string>& name = request.prompt_name ? request.prompt_name : default_prompt_;
  return name ? &prompts_.find(*name)->second : nullptr;
}

Result<TextTower::Prepared> TextTower::prepare(const Input& input, const EmbedRequest& request,
                                               EmbeddedItem& item) const {
  const auto* const text = std::get_if<std::string>(&input);
  const Prompt* const prompt = text ? choose_prompt(request) : nullptr;
  Result<TokenizedText> tokenized = !text    ? check_ids(std::get<TokenIds>(input))
                                    : prompt ? tokenizer_->encode(prompt->text + *text, context_length())
                                             : tokenizer_->encode(*text, context_length());
  if (!tokenized) return std::move(tokenized).error();
  item.truncated = tokenized->truncated();
  if (item.truncated && !request.truncate) return too_long(tokenized->untruncated_length, context_length());
  item.tokens = static_cast<std::uint32_t>(tokenized->ids.size());
  // Where nothing is left but the prompt, the last token stands for the text.
  const int most = static_cast<int>(tokenized->ids.size()) - 1;
  return Prepared{.ids = std::move(tokenized->ids), .prompt_tokens = prompt ? std::min(prompt->tokens, most) : 0};
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
  encoder_->forward(context, *activations_[static_cast<std::size_t>(worker)], group, embeddings);
}

std::vector<TextTower::Prepared> TextTower::warm_up_inputs(std::size_t count) const {
  const std::int32_t some_token = encoder_->vocab_size() / 2;
  std::vector<Prepared> texts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t length = std::min(i * 13, context_length());
    Result<TokenizedText> framed = tokenizer_->frame(TokenIds(length, some_token), context_length());
    assert(framed);  // a context that has no room for the specials cannot be loaded
    texts.push_back({.ids = std::move(framed->ids)});
  }
  return texts;
}

}  // namespace mobileclip
