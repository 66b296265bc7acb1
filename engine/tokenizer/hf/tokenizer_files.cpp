#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>

#include "engine/base/error.h"
#include "engine/tokenizer/hf/hf_tokenizer.h"
#include "engine/tokenizer/hf/json_file.h"
#include "engine/tokenizer/hf/pipeline.h"
#include "engine/tokenizer/hf/tokenizer_config.h"
#include "engine/tokenizer/hf/vocabulary_conversion.h"
#include "engine/tokenizer/vocabulary_file.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kTokenizerJson = "tokenizer.json";
constexpr const char* kVocabTxt = "vocab.txt";
constexpr const char* kVocabJson = "vocab.json";
constexpr const char* kMerges = "merges.txt";

fs::path file_in(const fs::path& directory) {
  for (const char* name : {kTokenizerJson, kVocabTxt, kVocabJson}) {
    const bool whole = name != kVocabJson || is_file(directory / kMerges);
    if (whole && is_file(directory / name)) return directory / name;
  }
  throw LoadError(directory.string() +
                  ": expected tokenizer.json, vocab.txt or vocab.json with merges.txt, found none");
}

/// The document of the tokenizer.json that `file` is or stands for; `config` may be given what the file's class adds.
Json tokenizer_of(const fs::path& file, Json& config) {
  const fs::path directory = file.parent_path();
  const std::string name = file.filename().string();
  if (name == kVocabJson || name == kMerges) {
    return hf::convert_vocab_and_merges(directory / kVocabJson, directory / kMerges, config);
  }
  return file.extension() == ".json" ? hf::parse_json_file(file) : hf::convert_vocab_txt(file, config);
}

/// CLIP's words end with "</w>", also when they are one character.
bool is_clips_vocabulary(const fs::path& file) {
  const Json vocabulary = hf::parse_json_file(file);
  return vocabulary.is_object() && vocabulary.contains("!</w>");
}

}  // namespace

namespace hf {

Pipeline load_pipeline(const fs::path& path) {
  std::error_code ignored;
  const bool is_directory = fs::is_directory(path, ignored);
  const fs::path file = is_directory ? file_in(path) : path;
  // A tokenizer.json by itself says all there is to say.
  const bool alone = !is_directory && file.extension() == ".json" && file.filename() != kVocabJson;
  Json config = alone ? Json::object() : read_tokenizer_config(file.parent_path());
  Json tokenizer = tokenizer_of(file, config);
  const JsonNode node(tokenizer, file.string());
  if (!tokenizer.is_object()) throw node.error("an object");
  apply_tokenizer_config(JsonNode(config, (file.parent_path() / "tokenizer_config.json").string()), tokenizer);
  return parse_tokenizer_json(node);
}

}  // namespace hf

bool is_hf_tokenizer(const fs::path& path) {
  for (const char* name : {kTokenizerJson, kVocabTxt, kVocabJson}) {
    if (is_file(path / name)) return is_hf_tokenizer(path / name);
  }
  const std::string name = path.filename().string();
  if (name == kVocabTxt) return true;
  if (name == kVocabJson || name == kMerges) {
    const fs::path vocabulary = path.parent_path() / kVocabJson;
    return is_file(vocabulary) && is_file(path.parent_path() / kMerges) && !is_clips_vocabulary(vocabulary);
  }
  if (!is_file(path) || path.extension() != ".json") return false;
  const Json json = hf::parse_json_file(path);
  const auto model = json.is_object() ? json.find("model") : json.end();
  if (model == json.end() || !model->is_object()) return false;
  const auto suffix = model->find("end_of_word_suffix");
  return suffix == model->end() || *suffix != "</w>";
}

}  // namespace mobileclip
