#include "engine/tokenizer/clip_tokenizer.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/clip_pretokenizer.h"
#include "engine/tokenizer/decode_text.h"
#include "engine/tokenizer/text_alignment.h"
#include "engine/tokenizer/unicode.h"
#include "engine/tokenizer/utf8.h"
#include "engine/tokenizer/vocabulary.h"

namespace mobileclip {
namespace {

// The first ids of a text, and how many it has in all.
class IdSink {
 public:
  explicit IdSink(std::size_t kept) : kept_(kept) {}

  void add(std::int32_t id) {
    if (ids_.size() < kept_) ids_.push_back(id);
    ++count_;
  }

  [[nodiscard]] TokenizedText finish(std::int32_t end_of_text) && {
    if (count_ > kept_) ids_.back() = end_of_text;
    return {std::move(ids_), count_};
  }

 private:
  std::size_t kept_;
  std::vector<std::int32_t> ids_;
  std::size_t count_ = 0;
};

Error no_context() { return Error{ErrorCode::kInvalidArgument, "expected a context of at least 1 token, found 0"}; }

}  // namespace

struct ClipTokenizer::Impl {
  explicit Impl(ClipVocabulary loaded) : vocabulary(std::move(loaded)), bpe(vocabulary.merges, BpeOrder::kRounds) {}

  /// Calls visit(piece, ids, starts) for every piece of a cleaned text: its tokens, and the byte at which each begins.
  template <typename Visit>
  void for_each_piece(std::u32string_view text, const Visit& visit) const {
    std::vector<std::int32_t> symbols;
    BpeWorkspace workspace;
    std::size_t position = 0;
    for (auto piece = next_clip_piece(text, position); !piece.empty(); piece = next_clip_piece(text, position)) {
      if (piece == U"<start_of_text>") {
        symbols.assign(1, vocabulary.start_of_text);
        workspace.starts.assign(1, 0);
      } else if (piece == U"<end_of_text>") {
        symbols.assign(1, vocabulary.end_of_text);
        workspace.starts.assign(1, 0);
      } else {
        to_symbols(piece, symbols);
        bpe.merge(symbols, workspace);
      }
      visit(piece, std::span<const std::int32_t>(symbols), std::span<const std::size_t>(workspace.starts));
    }
  }

  // Byte symbols, the last of them with "</w>".
  void to_symbols(std::u32string_view piece, std::vector<std::int32_t>& symbols) const {
    const std::string bytes = encode_utf8(piece);
    symbols.clear();
    for (const char byte : bytes) symbols.push_back(vocabulary.byte_ids[static_cast<unsigned char>(byte)]);
    symbols.back() = vocabulary.last_byte_ids[static_cast<unsigned char>(bytes.back())];
  }

  ClipVocabulary vocabulary;
  Bpe bpe;
};

ClipTokenizer::ClipTokenizer(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
ClipTokenizer::~ClipTokenizer() = default;
ClipTokenizer::ClipTokenizer(ClipTokenizer&&) noexcept = default;
ClipTokenizer& ClipTokenizer::operator=(ClipTokenizer&&) noexcept = default;

ClipTokenizer ClipTokenizer::load(const std::filesystem::path& path) {
  require_unicode_data();
  return ClipTokenizer(std::make_unique<const Impl>(load_clip_vocabulary(path)));
}

bool ClipTokenizer::exists_in(const std::filesystem::path& directory) { return clip_vocabulary_exists_in(directory); }

Result<TokenizedText> ClipTokenizer::encode(std::string_view utf8, std::size_t context_length) const {
  if (context_length == 0) return no_context();
  const Result<std::u32string> decoded = decode_text(utf8);
  if (!decoded) return decoded.error();

  IdSink sink(context_length);
  sink.add(start_of_text());
  impl_->for_each_piece(clean_clip_text(*decoded), [&](std::u32string_view, std::span<const std::int32_t> ids, auto) {
    for (const std::int32_t id : ids) sink.add(id);
  });
  sink.add(end_of_text());
  return std::move(sink).finish(end_of_text());
}

Result<TokenizedText> ClipTokenizer::frame(TokenIds ids, std::size_t context_length) const {
  if (context_length == 0) return no_context();
  const auto last = std::find_if(ids.rbegin(), ids.rend(), [](std::int32_t id) { return id != 0; });
  if (last != ids.rend() && *last == end_of_text()) ids.erase(last.base(), ids.end());
  if (ids.empty() || ids.front() != start_of_text()) ids.insert(ids.begin(), start_of_text());
  if (ids.size() < 2 || ids.back() != end_of_text()) ids.push_back(end_of_text());

  IdSink sink(context_length);
  for (const std::int32_t id : ids) sink.add(id);
  return std::move(sink).finish(end_of_text());
}

Result<std::vector<TokenSpan>> ClipTokenizer::spans(std::string_view utf8) const {
  const Result<std::u32string> decoded = decode_text(utf8);
  if (!decoded) return decoded.error();
  const std::u32string text = clean_clip_text(*decoded);
  const auto positions = align_cleaned(*decoded, text);

  std::vector<TokenSpan> spans;
  const auto add_frame = [&](std::int32_t id) {
    const char* const name = id == start_of_text() ? "<start_of_text>" : "<end_of_text>";
    spans.push_back({.id = id, .special = true, .frame = true, .text = name, .range = {}});
  };
  add_frame(start_of_text());
  impl_->for_each_piece(text, [&](std::u32string_view piece, auto ids, auto starts) {
    const bool special = ids.size() == 1 && (ids[0] == start_of_text() || ids[0] == end_of_text());
    std::string bytes;
    std::vector<std::size_t> character_of;  // each byte's, in `text`
    for (std::size_t i = 0; i < piece.size(); ++i) {
      append_utf8(bytes, piece[i]);
      character_of.resize(bytes.size(), static_cast<std::size_t>(piece.data() - text.data()) + i);
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::size_t begin = starts[i];
      const std::size_t end = i + 1 < starts.size() ? starts[i + 1] : bytes.size();
      TokenSpan span{
          .id = ids[i], .special = special, .frame = false, .text = bytes.substr(begin, end - begin), .range = {}};
      if (positions) {
        span.range = {.begin = (*positions)[character_of[begin]], .end = (*positions)[character_of[end - 1]] + 1};
      }
      spans.push_back(std::move(span));
    }
  });
  add_frame(end_of_text());
  return spans;
}

std::int32_t ClipTokenizer::start_of_text() const { return impl_->vocabulary.start_of_text; }
std::int32_t ClipTokenizer::end_of_text() const { return impl_->vocabulary.end_of_text; }
std::size_t ClipTokenizer::vocabulary_size() const { return impl_->vocabulary.size; }

}  // namespace mobileclip
