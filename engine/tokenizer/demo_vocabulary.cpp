#include "engine/tokenizer/demo_vocabulary.h"

#include <nlohmann/json.hpp>

#include "engine/tokenizer/byte_symbols.h"
#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

constexpr int kStartOfText = 49406;
constexpr int kEndOfText = 49407;

nlohmann::ordered_json special_token(const char* content, int id) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

}  // namespace

std::string demo_tokenizer_json() {
  nlohmann::ordered_json vocab = nlohmann::ordered_json::object();
  int next_id = 0;
  for (const char* suffix : {"", kEndOfWord}) {
    for (const ByteSymbol& byte : byte_symbols()) {
      std::string name;
      append_utf8(name, byte.symbol);
      vocab[name + suffix] = next_id++;
    }
  }
  vocab["<|startoftext|>"] = kStartOfText;
  vocab["<|endoftext|>"] = kEndOfText;

  nlohmann::ordered_json json;
  json["version"] = "1.0";
  json["added_tokens"] = {special_token("<|startoftext|>", kStartOfText), special_token("<|endoftext|>", kEndOfText)};
  json["model"] = {{"type", "BPE"},
                   {"end_of_word_suffix", kEndOfWord},
                   {"vocab", std::move(vocab)},
                   {"merges", nlohmann::ordered_json::array()}};
  return json.dump(1) + "\n";
}

}  // namespace mobileclip
