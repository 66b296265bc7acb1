// A small vocabulary written in all of its file forms.
#pragma once

#include <zlib.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/byte_symbols.h"
#include "engine/tokenizer/utf8.h"

namespace mobileclip::testing {

inline const std::vector<std::string> kSmallMerges = {"c a", "ca t</w>", "d o",    "do g</w>",
                                                      "t h", "th e</w>", "o g</w>"};

/// Ids as CLIP numbers them: bytes, bytes at a word's end, merges, specials.
inline nlohmann::json small_vocab_json() {
  nlohmann::json vocab = nlohmann::json::object();
  int next_id = 0;
  for (const char* suffix : {"", kEndOfWord}) {
    for (const ByteSymbol& byte : byte_symbols()) {
      std::string name;
      append_utf8(name, byte.symbol);
      vocab[name + suffix] = next_id++;
    }
  }
  for (std::string merge : kSmallMerges) vocab[merge.erase(merge.find(' '), 1)] = next_id++;
  vocab["<|startoftext|>"] = next_id++;
  vocab["<|endoftext|>"] = next_id++;
  return vocab;
}

inline nlohmann::json small_tokenizer_json() {
  nlohmann::json json;
  json["model"] = {
      {"type", "BPE"}, {"end_of_word_suffix", "</w>"}, {"vocab", small_vocab_json()}, {"merges", kSmallMerges}};
  json["added_tokens"] = nlohmann::json::array();
  for (const char* name : {"<|startoftext|>", "<|endoftext|>"}) {
    json["added_tokens"].push_back({{"id", json["model"]["vocab"][name]}, {"content", name}});
    json["model"]["vocab"].erase(name);
  }
  return json;
}

inline std::string small_merges_txt(std::string_view header = "#version: 0.2") {
  std::string text = std::string(header) + "\n";
  for (const std::string& merge : kSmallMerges) text += merge + "\n";
  return text;
}

inline std::string gzipped(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2 failed");
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("deflate failed");
  return out;
}

}  // namespace mobileclip::testing
