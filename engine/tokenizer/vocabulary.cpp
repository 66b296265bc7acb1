#include "engine/tokenizer/vocabulary.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "engine/tokenizer/byte_symbols.h"
#include "engine/tokenizer/merges_file.h"
#include "engine/tokenizer/utf8.h"
#include "engine/tokenizer/vocabulary_file.h"
#include "engine/tokenizer/vocabulary_json.h"

namespace mobileclip {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

// OpenCLIP's own names, and those of OpenAI's vocabulary as Hugging Face has it.
constexpr std::string_view kStartNames[] = {"<start_of_text>", "<|startoftext|>"};
constexpr std::string_view kEndNames[] = {"<end_of_text>", "<|endoftext|>"};

class NamedError {
 public:
  explicit NamedError(const fs::path& file) : file_(file.string()) {}
  LoadError operator()(const std::string& item, const std::string& what) const {
    return LoadError(file_ + ": " + item + ": " + what);
  }

 private:
  std::string file_;
};

// What every form comes down to.
struct VocabularySource {
  VocabularyIds ids;
  std::vector<SymbolPair> merges;
  fs::path merges_file;
};

std::optional<std::int32_t> id_of(const VocabularySource& source, const std::string& symbol) {
  const auto found = source.ids.find(symbol);
  if (found == source.ids.end()) return std::nullopt;
  return found->second;
}

std::int32_t special_id(const VocabularySource& source, std::span<const std::string_view> names,
                        const NamedError& error) {
  for (const std::string_view name : names) {
    if (const auto id = id_of(source, std::string(name))) return *id;
  }
  throw error("vocabulary",
              "expected the token " + in_quotes(names[0]) + " or " + in_quotes(names[1]) + ", found neither");
}

ClipVocabulary resolve(const VocabularySource& source, const fs::path& file) {
  const NamedError error(file);
  const NamedError merge_error(source.merges_file);
  ClipVocabulary vocabulary{};
  for (const ByteSymbol& entry : byte_symbols()) {
    const auto require = [&](const std::string& name) {
      if (const auto id = id_of(source, name)) return *id;
      throw error("vocabulary", "expected the symbol " + in_quotes(name) + " of byte " + std::to_string(entry.byte) +
                                    ", found none: not a byte-level vocabulary of CLIP's kind");
    };
    std::string name;
    append_utf8(name, entry.symbol);
    vocabulary.byte_ids[entry.byte] = require(name);
    vocabulary.last_byte_ids[entry.byte] = require(name + kEndOfWord);
  }
  vocabulary.merges.reserve(source.merges.size());
  for (const SymbolPair& merge : source.merges) {
    const auto require = [&](const std::string& symbol) {
      if (const auto id = id_of(source, symbol)) return *id;
      throw merge_error(merge.item,
                        "expected symbols of the vocabulary, found " + in_quotes(symbol) + ", which it lacks");
    };
    vocabulary.merges.push_back({require(merge.left), require(merge.right), require(merge.left + merge.right)});
  }
  vocabulary.start_of_text = special_id(source, kStartNames, error);
  vocabulary.end_of_text = special_id(source, kEndNames, error);
  std::int32_t highest = 0;
  for (const auto& [symbol, id] : source.ids) highest = std::max(highest, id);
  vocabulary.size = static_cast<std::size_t>(highest) + 1;
  return vocabulary;
}

Json parse_json(const fs::path& file, const std::string& text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& e) {
    throw NamedError(file)("JSON", std::string("expected a vocabulary, found: ") + e.what());
  }
}

// Hugging Face's tokenizer.json, of which model.vocab, model.merges and added_tokens matter: normaliser and
// pre-tokeniser are OpenCLIP's whatever the file says.
VocabularySource from_tokenizer_json(const fs::path& file, const Json& json) {
  const JsonNode root(json, file.string());
  VocabularySource source;
  source.merges_file = file;

  const JsonNode model = root.at("model");
  const std::string type = model.string_or("type", "BPE");
  if (type != "BPE") throw model.at("type").error("\"BPE\"");
  if (model.string_or("end_of_word_suffix", "") != kEndOfWord) {
    const auto suffix = model.find("end_of_word_suffix");
    throw suffix ? suffix->error("\"</w>\"") : model.refusal("end_of_word_suffix: expected \"</w>\", found none");
  }
  source.ids = read_token_ids(model.at("vocab"));
  source.merges = read_merges(model.at("merges"));
  if (const auto added = root.find("added_tokens")) {
    for (const JsonNode& token : added->elements()) source.ids[token.at("content").string()] = token.at("id").id();
  }
  return source;
}

VocabularySource from_vocab_and_merges(const fs::path& vocab_file, const Json& vocab, const fs::path& merges_file,
                                       const std::string& merges) {
  VocabularySource source;
  source.merges_file = merges_file;
  source.ids = read_token_ids(JsonNode(vocab, vocab_file.string(), "vocabulary"));
  source.merges = parse_merges(merges_file, merges);
  return source;
}

// OpenAI's list of merges, from which ids follow: 256 bytes, the same with "</w>", what the merges make, two specials.
VocabularySource from_simple_vocab(const fs::path& file, const std::string& text) {
  // The file lists more merges than CLIP uses (OpenCLIP: merges[1:49152-256-2+1]).
  constexpr std::size_t kMaxMerges = 49152 - 256 - 2;
  const NamedError error(file);
  const std::vector<std::string_view> lines = lines_of(text);
  if (lines.empty() || lines[0].find("#version") == std::string_view::npos) {
    throw error("line 1", "expected a header with \"#version\", found " + in_quotes(lines.empty() ? "" : lines[0]));
  }
  VocabularySource source;
  source.merges_file = file;
  std::int32_t next_id = 0;
  for (const char* suffix : {"", kEndOfWord}) {
    for (const ByteSymbol& byte : byte_symbols()) {
      std::string name;
      append_utf8(name, byte.symbol);
      source.ids[name + suffix] = next_id++;
    }
  }
  for (std::size_t i = 1; i < lines.size() && i <= kMaxMerges; ++i) {
    source.merges.push_back(parse_merge_line(file, i + 1, lines[i]));
    source.ids[source.merges.back().left + source.merges.back().right] = next_id++;
  }
  source.ids[std::string(kStartNames[0])] = next_id++;
  source.ids[std::string(kEndNames[0])] = next_id;
  return source;
}

// Of a directory, the file to start from; empty where there is none.
fs::path vocabulary_in(const fs::path& directory) {
  if (is_file(directory / "tokenizer.json")) return directory / "tokenizer.json";
  if (is_file(directory / "vocab.json") && is_file(directory / "merges.txt")) return directory / "vocab.json";
  for (const char* name : {"bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt"}) {
    if (is_file(directory / name)) return directory / name;
  }
  return {};
}

bool looks_like_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

// The part of a pair of files that is not `file`.
std::string read_partner(const fs::path& file, const fs::path& partner) {
  if (!is_file(partner)) {
    throw NamedError(file)("vocabulary", "expected " + partner.filename().string() + " beside it, found none");
  }
  return read_vocabulary_file(partner);
}

}  // namespace

ClipVocabulary load_clip_vocabulary(const fs::path& path) {
  fs::path file = path;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    file = vocabulary_in(path);
    if (file.empty()) {
      throw LoadError(path.string() + ": expected tokenizer.json, vocab.json with merges.txt, or " +
                      "bpe_simple_vocab_16e6.txt(.gz), found none of them");
    }
  }
  const std::string text = read_vocabulary_file(file);
  if (looks_like_json(text)) {
    const Json json = parse_json(file, text);
    // "model" is a symbol, too: in vocab.json, where it has an id.
    const auto model = json.find("model");
    if (model != json.end() && !model->is_number()) return resolve(from_tokenizer_json(file, json), file);
    const fs::path merges_file = file.parent_path() / "merges.txt";
    return resolve(from_vocab_and_merges(file, json, merges_file, read_partner(file, merges_file)), file);
  }
  if (file.filename() == "merges.txt") {
    const fs::path vocab_file = file.parent_path() / "vocab.json";
    const Json vocab = parse_json(vocab_file, read_partner(file, vocab_file));
    return resolve(from_vocab_and_merges(vocab_file, vocab, file, text), vocab_file);
  }
  return resolve(from_simple_vocab(file, text), file);
}

bool clip_vocabulary_exists_in(const fs::path& directory) { return !vocabulary_in(directory).empty(); }

}  // namespace mobileclip
