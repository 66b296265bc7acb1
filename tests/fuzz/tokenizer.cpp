// Text to token ids, with a small vocabulary that has merges.
#include <string>

#include "engine/tokenizer/clip_tokenizer.h"
#include "engine/tokenizer/utf8.h"
#include "tests/fuzz/check.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/engine/tokenizer/vocabulary_forms.h"

namespace mobileclip {
namespace {

constexpr std::size_t kContext = 77;

const ClipTokenizer& tokenizer() {
  static const ClipTokenizer loaded = [] {
    const testing::TemporaryDirectory directory;
    return ClipTokenizer::load(directory.write("tokenizer.json", testing::small_tokenizer_json().dump()));
  }();
  return loaded;
}

void check_ids(const TokenizedText& text) {
  CHECK(text.ids.size() >= 2 && text.ids.size() <= kContext);
  CHECK(text.ids.front() == tokenizer().start_of_text() && text.ids.back() == tokenizer().end_of_text());
  for (const std::int32_t id : text.ids) CHECK(id >= 0 && static_cast<std::size_t>(id) < tokenizer().vocabulary_size());
  CHECK(text.untruncated_length >= text.ids.size() && (!text.truncated() || text.ids.size() == kContext));
}

/// The tokens are those of encode(), and stand for parts of the text in its order.
void check_spans(const std::vector<TokenSpan>& spans, const TokenizedText& encoded, std::size_t code_points) {
  CHECK(spans.size() == encoded.untruncated_length);
  std::size_t begun = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i + 1 < encoded.ids.size() || !encoded.truncated()) CHECK(spans[i].id == encoded.ids[i]);
    CHECK(spans[i].special == (i == 0 || i + 1 == spans.size()));
    if (!spans[i].range) continue;
    CHECK(spans[i].range->begin >= begun && spans[i].range->begin <= spans[i].range->end);
    CHECK(spans[i].range->end <= code_points);
    begun = spans[i].range->begin;
  }
}

void run(std::string_view text) {
  const DecodedUtf8 decoded = decode_utf8(text);
  const auto encoded = tokenizer().encode(text, kContext);
  CHECK(encoded.ok() == (decoded.valid_bytes == text.size()));
  const auto spans = tokenizer().spans(text);
  CHECK(spans.ok() == encoded.ok());
  if (!encoded) {
    CHECK(encoded.error().code == ErrorCode::kInvalidText && !encoded.error().message.empty());
    return;
  }
  check_ids(*encoded);
  check_spans(*spans, *encoded, decoded.text.size());
}

}  // namespace
}  // namespace mobileclip

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mobileclip::run(mobileclip::fuzz::text_of(data, size));
  return 0;
}
