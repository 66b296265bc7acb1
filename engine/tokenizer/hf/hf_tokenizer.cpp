#include "engine/tokenizer/hf/hf_tokenizer.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/tokenizer/decode_text.h"
#include "engine/tokenizer/hf/characters.h"
#include "engine/tokenizer/hf/pipeline.h"
#include "engine/tokenizer/hf/text_pattern.h"
#include "engine/tokenizer/unicode.h"
#include "engine/tokenizer/utf8.h"
#include "engine/tokenizer/vocabulary_file.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

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
  TokenizedText encoded{{}, frame.size()};
  for (const hf::FrameToken& token : frame.before) encoded.ids.push_back(token.id);
  const std::size_t last_kept = max_length - frame.after.size();
  try {
    for_each_token(*text, [&](std::int32_t id, hf::SourceRange, bool) {
      if (encoded.ids.size() < last_kept) encoded.ids.push_back(id);
      ++encoded.untruncated_length;
    });
  } catch (const hf::PatternTooCostly& error) {
    return Error{ErrorCode::kInvalidArgument, error.what()};
  }
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
      spans.push_back({.id = token.id, .special = true, .text = token.content, .range = {}});
    }
  };
  add_frame(pipeline_.frame.before);
  try {
    for_each_token(given, [&](std::int32_t id, hf::SourceRange source, bool special) {
      std::size_t begin = source.begin;
      std::size_t end = source.end;
      const bool trim = pipeline_.frame.trim_offsets && !special;
      while (trim && begin < end && hf::is_white_space(given[begin])) ++begin;
      while (trim && begin < end && hf::is_white_space(given[end - 1])) --end;
      spans.push_back({.id = id,
                       .special = special,
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
    ids.resize(max_length);
    std::copy(after.begin(), after.end(), ids.end() - static_cast<std::ptrdiff_t>(after.size()));
  }
  return TokenizedText{std::move(ids), length};
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

Json parse_json_file(const fs::path& file) {
  try {
    return Json::parse(read_vocabulary_file(file));
  } catch (const Json::exception& error) {
    throw LoadError(file.string() + ": expected JSON, found: " + error.what());
  }
}

hf::Pipeline load_pipeline(const fs::path& file) {
  if (file.extension() == ".json") return hf::parse_tokenizer_json(JsonNode(parse_json_file(file), file.string()));
  const fs::path config_file = file.parent_path() / "tokenizer_config.json";
  if (!is_file(config_file)) return hf::load_vocab_txt(file, nullptr);
  const Json config = parse_json_file(config_file);
  const JsonNode node(config, config_file.string());
  return hf::load_vocab_txt(file, &node);
}

constexpr const char* kFiles[] = {"tokenizer.json", "vocab.txt"};

}  // namespace

std::unique_ptr<Tokenizer> load_hf_tokenizer(const fs::path& path) {
  require_unicode_data();
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return std::make_unique<HfTokenizer>(load_pipeline(path));
  for (const char* name : kFiles) {
    if (is_file(path / name)) return std::make_unique<HfTokenizer>(load_pipeline(path / name));
  }
  throw LoadError(path.string() + ": expected tokenizer.json or vocab.txt, found neither");
}

bool hf_tokenizer_exists_in(const fs::path& directory) {
  return std::ranges::any_of(kFiles, [&](const char* name) { return is_file(directory / name); });
}

bool is_hf_tokenizer(const fs::path& path) {
  if (is_file(path / "tokenizer.json")) return is_hf_tokenizer(path / "tokenizer.json");
  if (is_file(path / "vocab.txt") || path.filename() == "vocab.txt") return true;
  if (!is_file(path) || path.extension() != ".json") return false;
  const Json json = parse_json_file(path);
  // "model" may also be a symbol of a vocab.json.
  const auto model = json.is_object() ? json.find("model") : json.end();
  if (model == json.end() || !model->is_object()) return false;
  const auto suffix = model->find("end_of_word_suffix");
  return suffix == model->end() || *suffix != "</w>";
}

}  // namespace mobileclip
