#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "engine/tokenizer/hf/bert_normalizer.h"
#include "engine/tokenizer/hf/pipeline.h"
#include "engine/tokenizer/hf/wordpiece_model.h"
#include "engine/tokenizer/utf8.h"
#include "engine/tokenizer/vocabulary_file.h"

namespace mobileclip::hf {
namespace {

VocabularyIds read_lines(const std::filesystem::path& file) {
  const std::string text = read_vocabulary_file(file);
  VocabularyIds ids;
  std::int32_t next_id = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    // Of a token given twice the last counts.
    ids[std::string(line)] = next_id++;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return ids;
}

/// Special tokens' names stand in the configuration as strings or as objects.
std::string special_name(const JsonNode* config, const std::string& key, const std::string& absent) {
  const auto named = config == nullptr ? std::nullopt : config->find(key);
  if (!named) return absent;
  return named->value().is_object() ? named->at("content").string() : named->string();
}

bool flag(const JsonNode* config, const std::string& key, bool absent) {
  return config == nullptr ? absent : config->boolean_or(key, absent);
}

}  // namespace

Pipeline load_vocab_txt(const std::filesystem::path& vocab, const JsonNode* config) {
  VocabularyIds ids = read_lines(vocab);
  const nlohmann::json no_json;
  const JsonNode where(no_json, vocab.string());
  const bool lowercase = flag(config, "do_lower_case", true);
  auto normalizer = std::make_unique<const BertNormalizer>(
      BertNormalizerOptions{.clean_text = true,
                            .handle_chinese_chars = flag(config, "tokenize_chinese_chars", true),
                            .strip_accents = flag(config, "strip_accents", lowercase),
                            .lowercase = lowercase});
  const std::string unknown = special_name(config, "unk_token", "[UNK]");
  auto model = std::make_unique<const WordPieceModel>(std::move(ids), WordPieceOptions{.unk_token = unknown}, where);

  std::vector<AddedToken> special;
  const auto add = [&](const std::string& name) {
    const auto id = model->id_of(name);
    if (!id) return;
    special.push_back({.id = *id, .content = decode_utf8(name).text, .normalized = false, .special = true});
  };
  const auto frame_token = [&](const std::string& key, const std::string& absent) {
    const std::string name = special_name(config, key, absent);
    const auto id = model->id_of(name);
    if (!id) throw where.refusal("expected the token \"" + name + "\" (" + key + "), found none");
    add(name);
    return FrameToken{.id = *id, .content = name};
  };
  Frame frame{.before = {frame_token("cls_token", "[CLS]")}, .after = {frame_token("sep_token", "[SEP]")}};
  add(unknown);
  const std::string pad = special_name(config, "pad_token", "[PAD]");
  add(pad);
  const std::int32_t padding = model->id_of(pad).value_or(-1);
  add(special_name(config, "mask_token", "[MASK]"));
  AddedTokens added_tokens(std::move(special), normalizer.get());
  const nlohmann::json pre_tokenizer{{"type", "BertPreTokenizer"}};
  return {.normalizer = std::move(normalizer),
          .pre_tokenizer = parse_pre_tokenizer(JsonNode(pre_tokenizer, vocab.string())),
          .model = std::move(model),
          .added_tokens = std::move(added_tokens),
          .frame = std::move(frame),
          .padding = padding};
}

}  // namespace mobileclip::hf
