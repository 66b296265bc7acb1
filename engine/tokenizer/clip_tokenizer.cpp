#include "engine/tokenizer/clip_tokenizer.h"

#include <string>
#include <utility>

#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/clip_pretokenizer.h"
#include "engine/tokenizer/unicode.h"
#include "engine/tokenizer/utf8.h"
#include "engine/tokenizer/vocabulary.h"

namespace mobileclip {
namespace {

// Far above what a server takes in one request; ICU counts in 31 bits.
constexpr std::size_t kMaxTextBytes = std::size_t{256} << 20;

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

}  // namespace

struct ClipTokenizer::Impl {
  explicit Impl(ClipVocabulary loaded) : vocabulary(std::move(loaded)), bpe(vocabulary.merges) {}

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
  if (context_length == 0) return Error{ErrorCode::kInvalidArgument, "expected a context of at least 1 token, found 0"};
  if (utf8.size() > kMaxTextBytes) {
    return Error{ErrorCode::kInvalidArgument, "expected a text of at most " + std::to_string(kMaxTextBytes) +
                                                  " bytes, found " + std::to_string(utf8.size())};
  }
  const DecodedUtf8 decoded = decode_utf8(utf8);
  if (decoded.valid_bytes < utf8.size()) {
    return Error{ErrorCode::kInvalidText,
                 "expected UTF-8, found other bytes at offset " + std::to_string(decoded.valid_bytes)};
  }
  const std::u32string text = clean_clip_text(decoded.text);

  IdSink sink(context_length);
  std::vector<std::int32_t> symbols;
  BpeWorkspace workspace;
  sink.add(start_of_text());
  std::size_t position = 0;
  for (auto piece = next_clip_piece(text, position); !piece.empty(); piece = next_clip_piece(text, position)) {
    if (piece == U"<start_of_text>") {
      sink.add(start_of_text());
    } else if (piece == U"<end_of_text>") {
      sink.add(end_of_text());
    } else {
      impl_->to_symbols(piece, symbols);
      impl_->bpe.merge(symbols, workspace);
      for (const std::int32_t id : symbols) sink.add(id);
    }
  }
  sink.add(end_of_text());
  return std::move(sink).finish(end_of_text());
}

std::int32_t ClipTokenizer::start_of_text() const { return impl_->vocabulary.start_of_text; }
std::int32_t ClipTokenizer::end_of_text() const { return impl_->vocabulary.end_of_text; }
std::size_t ClipTokenizer::vocabulary_size() const { return impl_->vocabulary.size; }

}  // namespace mobileclip
