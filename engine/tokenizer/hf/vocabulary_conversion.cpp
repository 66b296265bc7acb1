#include "engine/tokenizer/hf/vocabulary_conversion.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "engine/tokenizer/hf/json_file.h"
#include "engine/tokenizer/hf/tokenizer_config.h"
#include "engine/tokenizer/json_node.h"
#include "engine/tokenizer/merges_file.h"
#include "engine/tokenizer/vocabulary_file.h"
#include "engine/tokenizer/vocabulary_json.h"

namespace mobileclip::hf {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

Json bert_tokens() {
  return {{"unk_token", "[UNK]"},
          {"sep_token", "[SEP]"},
          {"pad_token", "[PAD]"},
          {"cls_token", "[CLS]"},
          {"mask_token", "[MASK]"}};
}

Json roberta_tokens() {
  return {{"bos_token", "<s>"},   {"eos_token", "</s>"}, {"unk_token", "<unk>"},  {"sep_token", "</s>"},
          {"pad_token", "<pad>"}, {"cls_token", "<s>"},  {"mask_token", "<mask>"}};
}

void set_absent(Json& config, const Json& defaults) {
  for (const auto& [key, value] : defaults.items()) {
    if (!config.contains(key) || config[key].is_null()) config[key] = value;
  }
}

JsonNode node_of(const Json& config, const fs::path& vocab) {
  return {config, (vocab.parent_path() / "tokenizer_config.json").string()};
}

/// "cls" and "sep" of a post-processor: ["[CLS]", 101].
Json frame_token(const Json& vocabulary, const JsonNode& config, const char* key, const fs::path& file) {
  const std::string name = token_content(config.at(key));
  const auto id = vocabulary.find(name);
  if (id != vocabulary.end()) return Json::array({name, *id});
  throw LoadError(file.string() + ": expected the token " + in_quotes(name) + " (" + key + "), found none");
}

/// Whether RoBERTa's special tokens are meant, rather than DeBERTa's.
bool is_roberta(const Json& vocabulary, const JsonNode& config) {
  constexpr std::array<std::string_view, 4> kLikeRoberta{"RobertaTokenizer", "BartTokenizer", "LongformerTokenizer",
                                                         "LEDTokenizer"};
  const std::string named = tokenizer_class(config);
  if (named.empty()) return vocabulary.contains("<s>") || !vocabulary.contains("[CLS]");
  if (named == "DebertaTokenizer") return false;
  if (std::ranges::find(kLikeRoberta, named) != kLikeRoberta.end()) return true;
  throw config.at("tokenizer_class").error("RobertaTokenizer or DebertaTokenizer beside vocab.json and merges.txt");
}

}  // namespace

Json convert_vocab_txt(const fs::path& vocab, Json& config) {
  const std::string text = read_vocabulary_file(vocab);
  Json vocabulary = Json::object();
  std::uint32_t next_id = 0;
  // Of a token given twice the last counts.
  for (const std::string_view line : lines_of(text)) vocabulary[std::string(line)] = next_id++;
  set_absent(config, bert_tokens());
  const JsonNode node = node_of(config, vocab);
  Json post_processor{{"type", "BertProcessing"},
                      {"cls", frame_token(vocabulary, node, "cls_token", vocab)},
                      {"sep", frame_token(vocabulary, node, "sep_token", vocab)}};
  Json model{
      {"type", "WordPiece"}, {"unk_token", token_content(node.at("unk_token"))}, {"vocab", std::move(vocabulary)}};
  return {{"normalizer", {{"type", "BertNormalizer"}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor", std::move(post_processor)},
          {"model", std::move(model)}};
}

Json convert_vocab_and_merges(const fs::path& vocab, const fs::path& merges_file, Json& config) {
  Json vocabulary = parse_json_file(vocab);
  if (!vocabulary.is_object()) throw JsonNode(vocabulary, vocab.string()).error("an object of symbols and ids");
  Json merges = Json::array();
  const std::string text = read_vocabulary_file(merges_file);
  for (SymbolPair& pair : parse_merges(merges_file, text)) {
    merges.push_back(Json::array({std::move(pair.left), std::move(pair.right)}));
  }
  const JsonNode node = node_of(config, vocab);
  const bool roberta = is_roberta(vocabulary, node);
  set_absent(config, roberta ? roberta_tokens() : bert_tokens());
  // It takes the space before it, as words do.
  if (Json& mask = config["mask_token"]; mask.is_string()) {
    mask = Json{{"content", mask}, {"lstrip", true}, {"normalized", false}};
  }
  Json post_processor{{"type", roberta ? "RobertaProcessing" : "BertProcessing"},
                      {"cls", frame_token(vocabulary, node, "cls_token", vocab)},
                      {"sep", frame_token(vocabulary, node, "sep_token", vocab)},
                      {"trim_offsets", roberta}};
  Json model{{"type", "BPE"}, {"vocab", std::move(vocabulary)}, {"merges", std::move(merges)}};
  return {{"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"post_processor", std::move(post_processor)},
          {"model", std::move(model)}};
}

}  // namespace mobileclip::hf
