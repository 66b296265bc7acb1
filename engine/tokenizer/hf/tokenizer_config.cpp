#include "engine/tokenizer/hf/tokenizer_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/tokenizer/hf/json_file.h"
#include "engine/tokenizer/vocabulary_file.h"
#include "engine/tokenizer/vocabulary_json.h"

namespace mobileclip::hf {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr std::array kSpecialTokens{"cls_token", "sep_token", "bos_token", "eos_token",
                                    "unk_token", "pad_token", "mask_token"};
constexpr std::array kSpecialTokenLists{"additional_special_tokens", "extra_special_tokens"};

Json read_object(const fs::path& file) {
  if (!is_file(file)) return Json::object();
  Json json = parse_json_file(file);
  if (!json.is_object()) throw JsonNode(json, file.string()).error("an object");
  return json;
}

std::vector<JsonNode> special_tokens(const JsonNode& config) {
  std::vector<JsonNode> tokens;
  for (const char* key : kSpecialTokens) {
    if (const auto token = config.find(key)) tokens.push_back(*token);
  }
  for (const char* key : kSpecialTokenLists) {
    const auto list = config.find(key);
    if (!list) continue;
    if (list->value().is_array()) {
      for (const JsonNode& token : list->elements()) tokens.push_back(token);
    } else {
      for (const std::string& name : list->keys()) tokens.push_back(list->at(name));
    }
  }
  return tokens;
}

/// An entry of "added_tokens".
Json added_token(const JsonNode& token, std::uint32_t id, bool special) {
  Json entry{{"content", token_content(token)}, {"id", id}, {"special", special}, {"normalized", !special}};
  if (!token.value().is_object()) return entry;
  for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"}) {
    entry[key] = token.boolean_or(key, entry.value(key, false));
  }
  return entry;
}

/// Of the "model"'s vocabulary: an object of ids, or Unigram's list of pieces with their scores.
std::optional<std::uint32_t> id_in_vocabulary(const Json& tokenizer, const std::string& content) {
  if (!tokenizer.contains("/model/vocab"_json_pointer)) return std::nullopt;
  const Json& vocabulary = tokenizer["model"]["vocab"];
  if (vocabulary.is_object()) {
    const auto entry = vocabulary.find(content);
    if (entry == vocabulary.end() || !entry->is_number_unsigned()) return std::nullopt;
    return entry->get<std::uint32_t>();
  }
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    if (vocabulary[i].is_array() && !vocabulary[i].empty() && vocabulary[i][0] == content) {
      return static_cast<std::uint32_t>(i);
    }
  }
  return std::nullopt;
}

auto find_content(Json& tokens, const std::string& content) {
  return std::find_if(tokens.begin(), tokens.end(), [&](const Json& token) {
    return token.is_object() && token.value("content", Json()) == content;
  });
}

/// Of "added_tokens_decoder", whose keys are ids: {"128": {"content": "[MASK]", …}}.
std::uint32_t id_of_key(const JsonNode& decoder, const std::string& key) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
  if (error != std::errc() || end != key.data() + key.size() || id > kMaxTokenId) {
    throw decoder.refusal("expected ids of tokens, found " + in_quotes(key));
  }
  return id;
}

void add_tokens(const JsonNode& config, Json& tokenizer) {
  Json& added = tokenizer["added_tokens"];
  if (!added.is_array()) added = Json::array();
  const std::vector<JsonNode> named = special_tokens(config);
  const auto is_named = [&](const std::string& content) {
    return std::ranges::any_of(named, [&](const JsonNode& token) { return token_content(token) == content; });
  };
  if (const auto decoder = config.find("added_tokens_decoder")) {
    for (const std::string& key : decoder->keys()) {
      const JsonNode token = decoder->at(key);
      const std::string content = token_content(token);
      Json entry =
          added_token(token, id_of_key(*decoder, key), token.boolean_or("special", false) || is_named(content));
      const auto known = find_content(added, content);
      if (known == added.end()) {
        added.push_back(std::move(entry));
      } else {
        if (known->contains("id")) entry["id"] = (*known)["id"];
        *known = std::move(entry);
      }
    }
  }
  for (const JsonNode& token : named) {
    const std::string content = token_content(token);
    if (find_content(added, content) != added.end()) continue;
    constexpr bool kSpecial = true;
    if (const auto id = id_in_vocabulary(tokenizer, content)) added.push_back(added_token(token, *id, kSpecial));
  }
}

bool is_of_type(const Json& tokenizer, const char* part, const char* type) {
  const auto found = tokenizer.find(part);
  return found != tokenizer.end() && found->is_object() && found->value("type", Json()) == type;
}

/// As BertTokenizerFast compares its arguments with the file's and makes the normaliser anew where one differs.
void set_bert_normalizer(const JsonNode& config, Json& tokenizer) {
  const std::string name = tokenizer_class(config);
  const bool generic = name == "PreTrainedTokenizer" || name == "TokenizersBackend";
  if (generic || !is_of_type(tokenizer, "normalizer", "BertNormalizer")) return;
  const auto says = [&](const char* key) { return config.value().contains(key); };
  if (!says("do_lower_case") && !says("strip_accents") && !says("tokenize_chinese_chars")) return;
  Json& normalizer = tokenizer["normalizer"];
  if (const auto lower = config.find("do_lower_case")) normalizer["lowercase"] = lower->boolean();
  const auto strip = config.find("strip_accents");
  normalizer["strip_accents"] = strip ? Json(strip->boolean()) : Json();
  if (name != "MPNetTokenizer") {
    normalizer["handle_chinese_chars"] = config.boolean_or("tokenize_chinese_chars", true);
  }
}

void set_truncation_side(const JsonNode& config, Json& tokenizer) {
  const auto side = config.find("truncation_side");
  if (!side) return;
  const std::string name = side->string();
  if (name != "left" && name != "right") throw side->error("left or right");
  Json& truncation = tokenizer["truncation"];
  if (!truncation.is_object()) truncation = Json::object();
  truncation["direction"] = name == "left" ? "Left" : "Right";
}

}  // namespace

std::string token_content(const JsonNode& token) {
  return token.value().is_object() ? token.at("content").string() : token.string();
}

std::string tokenizer_class(const JsonNode& config) {
  std::string name = config.string_or("tokenizer_class", "");
  if (name.ends_with("Fast")) name.resize(name.size() - std::string_view("Fast").size());
  return name;
}

Json read_tokenizer_config(const fs::path& directory) {
  Json config = read_object(directory / "tokenizer_config.json");
  if (config.contains("added_tokens_decoder")) return config;
  const Json map = read_object(directory / "special_tokens_map.json");
  for (const auto& [key, value] : map.items()) {
    if (key != "additional_special_tokens" || !config.contains(key)) {
      config[key] = value;
    } else if (value.is_array() && config[key].is_array()) {
      config[key].insert(config[key].end(), value.begin(), value.end());
    }
  }
  const Json added = read_object(directory / "added_tokens.json");
  for (const auto& [content, id] : added.items()) {
    const JsonNode node = JsonNode(added, (directory / "added_tokens.json").string()).at(content);
    config["added_tokens_decoder"][std::to_string(node.id())] = {{"content", content}};
  }
  return config;
}

void apply_tokenizer_config(const JsonNode& config, Json& tokenizer) {
  if (const auto split = config.find("split_special_tokens"); split && split->boolean()) {
    throw split->error("false: special tokens that stand in a text are tokens here");
  }
  set_bert_normalizer(config, tokenizer);
  if (const auto prefix = config.find("add_prefix_space");
      prefix && is_of_type(tokenizer, "pre_tokenizer", "ByteLevel")) {
    tokenizer["pre_tokenizer"]["add_prefix_space"] = prefix->boolean();
  }
  set_truncation_side(config, tokenizer);
  if (const auto pad = config.find("pad_token")) {
    if (const auto id = id_in_vocabulary(tokenizer, token_content(*pad))) tokenizer["padding"] = {{"pad_id", *id}};
  }
  add_tokens(config, tokenizer);
}

}  // namespace mobileclip::hf
