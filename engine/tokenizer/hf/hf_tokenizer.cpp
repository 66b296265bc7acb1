#include "engine/tokenizer/hf/hf_tokenizer.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/tokenizer/decode_text.h"
#include "engine/tokenizer/hf/characters.h"
#include "engine/tokenizer/hf/pipeline.h"
#include "engine/tokenizer/hf/text_pattern.h"
#include "engine/tokenizer/unicode.h"
#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

class HfTokenizer : public Tokenizer {
 public:
  explicit HfTokenizer(hf::Pipeline pipeline) : pipeline_(std::move(pipeline)) {}

  [[nodiscard]] Result<TokenizedText> encode(std::string_view utf8, std::size_t max_length) const override;
  [[nodiscard]] Result<std::vector<TokenSpan>> spans(std::string_view utf8) const override;
  [[nodiscard]] Result<TokenizedText> frame(TokenIds ids, std::size_t max_length) const override;
  [[nodiscard]] std::size_t vocabulary_size() const override {
    return std::max(pipeline_.model->size(), pipeline_.added_tokens.size());
  }

 private:
  /// Calls visit(id, source, special) for every token of a text, without the frame. May throw PatternTooCostly.
  template <typename Visit>
  void for_each_token(std::u32string_view text, const Visit& visit) const;
  template <typename Visit>
  void for_each_model_token(hf::AlignedText text, const Visit& visit) const;

  [[nodiscard]] std::optional<Error> too_short(std::size_t max_length) const;

  hf::Pipeline pipeline_;
};

/// The first so many of the ids that come, or the last.
class IdWindow {
 public:
  IdWindow(std::size_t room, CutSide cut_side) : room_(room), cut_side_(cut_side) {}

  void add(std::int32_t id) {
    if (kept_.size() < room_) {
      kept_.push_back(id);
    } else if (cut_side_ == CutSide::kLeft && room_ > 0) {
      kept_[oldest_] = id;
      oldest_ = (oldest_ + 1) % room_;
    }
    ++added_;
  }
  [[nodiscard]] std::size_t added() const { return added_; }
  TokenIds take() && {
    std::rotate(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(oldest_), kept_.end());
    return std::move(kept_);
  }

 private:
  std::size_t room_;
  CutSide cut_side_;
  TokenIds kept_;
  std::size_t oldest_ = 0;
  std::size_t added_ = 0;
};

template <typename Visit>
void HfTokenizer::for_each_token(std::u32string_view text, const Visit& visit) const {
  for (const auto& segment : pipeline_.added_tokens.find_in_given(text)) {
    if (segment.token != nullptr) {
      const hf::SourceRange source{static_cast<std::uint32_t>(segment.begin), static_cast<std::uint32_t>(segment.end)};
      visit(segment.token->id, source, segment.token->special);
      continue;
    }
    auto part = hf::AlignedText::as_given(text.substr(segment.begin, segment.end - segment.begin), segment.begin);
    if (pipeline_.normalizer) pipeline_.normalizer->apply(part);
    const auto inner_segments = pipeline_.added_tokens.find_in_normalized(part.text);
    for (const auto& inner : inner_segments) {
      if (inner.token != nullptr) {
        visit(inner.token->id, part.source_of(inner.begin, inner.end), inner.token->special);
      } else if (inner_segments.size() == 1) {
        for_each_model_token(std::move(part), visit);
      } else {
        hf::AlignedText between;
        between.append(part, inner.begin, inner.end);
        for_each_model_token(std::move(between), visit);
      }
    }
  }
}

template <typename Visit>
void HfTokenizer::for_each_model_token(hf::AlignedText text, const Visit& visit) const {
  hf::CutText cut = hf::CutText::whole(std::move(text));
  if (pipeline_.pre_tokenizer) pipeline_.pre_tokenizer->apply(cut);
  hf::ModelWorkspace workspace;
  std::vector<hf::PieceToken> tokens;
  for (const hf::Piece& piece : cut.pieces) {
    tokens.clear();
    pipeline_.model->encode(cut.text_of(piece), workspace, tokens);
    for (const hf::PieceToken& token : tokens) {
      constexpr bool kSpecial = true;
      visit(token.id, cut.aligned.source_of(piece.begin + token.begin, piece.begin + token.end), !kSpecial);
    }
  }
}

std::optional<Error> HfTokenizer::too_short(std::size_t max_length) const {
  if (max_length > 0 && max_length >= pipeline_.frame.size()) return std::nullopt;
  return Error{ErrorCode::kInvalidArgument, "expected room for at least the " +
                                                std::to_string(std::max<std::size_t>(1, pipeline_.frame.size())) +
                                                " tokens around a text, found " + std::to_string(max_length)};
}

Result<TokenizedText> HfTokenizer::encode(std::string_view utf8, std::size_t max_length) const {
  if (auto error = too_short(max_length)) return *std::move(error);
  const Result<std::u32string> text = decode_text(utf8);
  if (!text) return text.error();
  const hf::Frame& frame = pipeline_.frame;
  IdWindow window(max_length - frame.size(), pipeline_.cut_side);
  try {
    for_each_token(*text, [&](std::int32_t id, hf::SourceRange, bool) { window.add(id); });
  } catch (const hf::PatternTooCostly& error) {
    return Error{ErrorCode::kInvalidArgument, error.what()};
  }
  TokenizedText encoded{.ids = hf::ids_of(frame.before), .untruncated_length = frame.size() + window.added()};
  const TokenIds kept = std::move(window).take();
  encoded.ids.insert(encoded.ids.end(), kept.begin(), kept.end());
  for (const hf::FrameToken& token : frame.after) encoded.ids.push_back(token.id);
  return encoded;
}

Result<std::vector<TokenSpan>> HfTokenizer::spans(std::string_view utf8) const {
  const Result<std::u32string> text = decode_text(utf8);
  if (!text) return text.error();
  const std::u32string_view given = *text;
  std::vector<TokenSpan> spans;
  const auto add_frame = [&](const std::vector<hf::FrameToken>& tokens) {
    for (const hf::FrameToken& token : tokens) {
      spans.push_back({.id = token.id, .special = true, .frame = true, .text = token.content, .range = {}});
    }
  };
  add_frame(pipeline_.frame.before);
  try {
    for_each_token(given, [&](std::int32_t id, hf::SourceRange source, bool special) {
      std::size_t begin = source.begin;
      std::size_t end = source.end;
      const bool trim = pipeline_.frame.trim_offsets;
      while (trim && begin < end && hf::is_white_space(given[begin])) ++begin;
      while (trim && begin < end && hf::is_white_space(given[end - 1])) --end;
      spans.push_back({.id = id,
                       .special = special,
                       .frame = false,
                       .text = encode_utf8(given.substr(begin, end - begin)),
                       .range = TokenSpan::Range{.begin = begin, .end = end}});
    });
  } catch (const hf::PatternTooCostly& error) {
    return Error{ErrorCode::kInvalidArgument, error.what()};
  }
  add_frame(pipeline_.frame.after);
  return spans;
}

Result<TokenizedText> HfTokenizer::frame(TokenIds ids, std::size_t max_length) const {
  if (auto error = too_short(max_length)) return *std::move(error);
  const TokenIds before = hf::ids_of(pipeline_.frame.before);
  const TokenIds after = hf::ids_of(pipeline_.frame.after);
  const auto ended = [&](std::span<const std::int32_t> some) {
    return some.size() >= after.size() && std::equal(after.rbegin(), after.rend(), some.rbegin());
  };
  const auto last = std::find_if(ids.rbegin(), ids.rend(), [&](std::int32_t id) { return id != pipeline_.padding; });
  const std::span<const std::int32_t> unpadded(ids.begin(), last.base());
  if (ended(unpadded)) ids.resize(unpadded.size());
  const bool begun = ids.size() >= before.size() && std::equal(before.begin(), before.end(), ids.begin());
  if (!begun) ids.insert(ids.begin(), before.begin(), before.end());
  const bool complete = ids.size() >= pipeline_.frame.size() && ended(ids);
  if (!complete) ids.insert(ids.end(), after.begin(), after.end());

  const std::size_t length = ids.size();
  if (length > max_length) {
    const auto excess = static_cast<std::ptrdiff_t>(length - max_length);
    const auto cut = pipeline_.cut_side == CutSide::kLeft
                         ? ids.begin() + static_cast<std::ptrdiff_t>(before.size())
                         : ids.end() - static_cast<std::ptrdiff_t>(after.size()) - excess;
    ids.erase(cut, cut + excess);
  }
  return TokenizedText{std::move(ids), length};
}

}  // namespace

std::unique_ptr<Tokenizer> load_hf_tokenizer(const std::filesystem::path& path) {
  require_unicode_data();
  return std::make_unique<HfTokenizer>(hf::load_pipeline(path));
}

}  // namespace mobileclip
