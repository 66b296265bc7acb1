// Text to token ids by tokenisers of text encoders: the first byte chooses one of three, the rest is the text.
#include "engine/tokenizer/hf/hf_tokenizer.h"

#include <array>
#include <memory>
#include <string>

#include "engine/tokenizer/utf8.h"
#include "tests/fuzz/check.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

constexpr std::size_t kMaxLength = 64;

constexpr std::array<const char*, 3> kTokenizers{
    R"({"added_tokens": [{"id": 2, "content": "[MASK]", "special": true, "normalized": false, "lstrip": true},
                         {"id": 9, "content": "New", "normalized": true, "single_word": true, "rstrip": true}],
        "normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 1], "cls": ["[CLS]", 0]},
        "model": {"type": "WordPiece", "vocab": {"[CLS]": 0, "[SEP]": 1, "[MASK]": 2, "[UNK]": 3, "a": 4, "##a": 5, "##b": 6}}})",
    R"({"normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true},
        "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0]},
        "model": {"type": "BPE", "vocab": {"<s>": 0, "</s>": 1, "Ġ": 2, "a": 3, "Ã": 4, "Ġa": 5, "aa": 6, "<unk>": 7},
                  "unk_token": "<unk>", "merges": ["Ġ a", "a a"]}})",
    R"({"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKD"}, {"type": "Strip"},
          {"type": "Replace", "pattern": {"Regex": "\\s{2,}|\\w\\d+"}, "content": " "}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
          {"type": "Split", "pattern": {"Regex": "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"},
           "behavior": "MergedWithPrevious"}, {"type": "Metaspace", "prepend_scheme": "first"}]},
        "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["▁", -1], ["a", -2], ["▁a", -2.5], ["é", -3]]}})"};

std::array<std::unique_ptr<Tokenizer>, kTokenizers.size()> load_all() {
  std::array<std::unique_ptr<Tokenizer>, kTokenizers.size()> loaded;
  for (std::size_t i = 0; i < kTokenizers.size(); ++i) {
    const testing::TemporaryDirectory directory;
    loaded[i] = load_hf_tokenizer(directory.write("tokenizer.json", kTokenizers[i]));
  }
  return loaded;
}

/// The tokens are those of encode(), and stand for parts of the text.
void check_spans(const std::vector<TokenSpan>& spans, const TokenizedText& encoded, std::size_t code_points) {
  CHECK(spans.size() == encoded.untruncated_length);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (!encoded.truncated()) CHECK(spans[i].id == encoded.ids[i]);
    if (spans[i].range) CHECK(spans[i].range->begin <= spans[i].range->end && spans[i].range->end <= code_points);
  }
}

void run(const Tokenizer& tokenizer, std::string_view text) {
  const DecodedUtf8 decoded = decode_utf8(text);
  const auto encoded = tokenizer.encode(text, kMaxLength);
  const auto spans = tokenizer.spans(text);
  CHECK(encoded.ok() == spans.ok());
  if (!encoded) {
    const bool valid = decoded.valid_bytes == text.size();
    CHECK(encoded.error().code == (valid ? ErrorCode::kInvalidArgument : ErrorCode::kInvalidText));
    return;
  }
  CHECK(encoded->ids.size() <= kMaxLength && encoded->untruncated_length >= encoded->ids.size());
  for (const std::int32_t id : encoded->ids) {
    CHECK(id >= 0 && static_cast<std::size_t>(id) < tokenizer.vocabulary_size());
  }
  check_spans(*spans, *encoded, decoded.text.size());
  const auto framed = tokenizer.frame(encoded->ids, kMaxLength);
  CHECK(framed.ok() && framed->ids == encoded->ids);
}

}  // namespace
}  // namespace mobileclip

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto tokenizers = mobileclip::load_all();
  if (size > 0)
    mobileclip::run(*tokenizers[data[0] % tokenizers.size()], mobileclip::fuzz::text_of(data + 1, size - 1));
  return 0;
}
