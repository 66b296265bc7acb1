// Ids as Hugging Face's own library gives them (tests/golden/encoders, "source"), with public vocabularies.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/tokenizer/hf/hf_tokenizer.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

using Ids = std::vector<std::int32_t>;
using Json = nlohmann::json;

constexpr std::size_t kNoLimit = 1'000'000;

Json read(const std::filesystem::path& file) {
  std::ifstream input(file);
  return Json::parse(input);
}

Json golden(const std::string& kind) {
  return read(testing::source_dir() / "tests/golden/encoders" / (kind + "_cases.json"));
}

std::unique_ptr<Tokenizer> load(const Json& tokenizer_json) {
  const testing::TemporaryDirectory directory;
  return load_hf_tokenizer(directory.write("tokenizer.json", tokenizer_json.dump()));
}

/// Texts of which other implementations of the same model say something else: any of the answers will do.
using Disputed = std::map<std::string, Ids>;

void expect_ids(const Tokenizer& tokenizer, const Json& cases, const std::string& what, const Disputed& disputed = {}) {
  for (const Json& expected : cases) {
    const auto text = expected["text"].get<std::string>();
    const auto encoded = tokenizer.encode(text, expected.value("max_length", kNoLimit));
    ASSERT_TRUE(encoded.ok()) << encoded.error().message;
    const auto other = disputed.find(text);
    if (other != disputed.end() && encoded->ids == other->second) continue;
    EXPECT_EQ(encoded->ids, expected["ids"].get<Ids>()) << what << ": " << expected["text"];
  }
}

Json word_piece_json(const std::filesystem::path& vocab_txt) {
  Json vocab = Json::object();
  std::ifstream input(vocab_txt);
  int next_id = 0;
  for (std::string line; std::getline(input, line);) vocab[line] = next_id++;
  Json json;
  for (const char* name : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    json["added_tokens"].push_back({{"id", vocab[name]}, {"content", name}, {"special", true}, {"normalized", false}});
  }
  json["normalizer"] = {{"type", "BertNormalizer"},
                        {"clean_text", true},
                        {"handle_chinese_chars", true},
                        {"strip_accents", nullptr},
                        {"lowercase", true}};
  json["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  json["post_processor"] = {{"type", "BertProcessing"}, {"sep", {"[SEP]", 102}}, {"cls", {"[CLS]", 101}}};
  json["model"] = {{"type", "WordPiece"}, {"vocab", std::move(vocab)}};
  return json;
}

TEST(HfGoldens, WordPiece) {
  REQUIRE_SHARED(vocab_txt, "data/encoder_tokenizers/bert_vocab.txt");
  const Json goldens = golden("wordpiece");
  Json json = word_piece_json(vocab_txt);
  const auto tokenizer = load(json);
  EXPECT_EQ(tokenizer->vocabulary_size(), 30522u);
  expect_ids(*tokenizer, goldens["cases"], "cases");
  expect_ids(*tokenizer, goldens["truncated"], "truncated");
  for (const Json& variant : goldens["variants"]) {
    json["normalizer"] = variant["normalizer"];
    expect_ids(*load(json), variant["cases"], variant["name"]);
  }
}

TEST(HfGoldens, WordPieceFromVocabTxt) {
  REQUIRE_SHARED(vocab_txt, "data/encoder_tokenizers/bert_vocab.txt");
  const Json goldens = golden("wordpiece");
  expect_ids(*load_hf_tokenizer(vocab_txt), goldens["cases"], "cases");

  const testing::TemporaryDirectory directory;
  std::filesystem::copy_file(vocab_txt, directory.path() / "vocab.txt");
  for (const Json& variant : goldens["variants"]) {
    const Json& options = variant["normalizer"];
    if (!options["clean_text"].get<bool>()) continue;  // tokenizer_config.json does not say
    const Json config{{"do_lower_case", options["lowercase"]},
                      {"strip_accents", options["strip_accents"]},
                      {"tokenize_chinese_chars", options["handle_chinese_chars"]}};
    directory.write("tokenizer_config.json", config.dump());
    expect_ids(*load_hf_tokenizer(directory.path()), variant["cases"], variant["name"]);
  }
}

class TokenizerJsonGoldens : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(HfGoldens, TokenizerJsonGoldens, ::testing::Values("bpe", "unigram"));

TEST_P(TokenizerJsonGoldens, CasesTruncationAndVariants) {
  REQUIRE_SHARED(file, std::string("data/encoder_tokenizers/") + GetParam() + "_tokenizer.json");
  const Json json = read(file);
  const Json goldens = golden(GetParam());
  Disputed disputed;
  for (const Json& one : goldens.value("disputed", Json::array())) disputed[one["text"]] = one["ids"].get<Ids>();

  const auto tokenizer = load_hf_tokenizer(file);
  expect_ids(*tokenizer, goldens["cases"], "cases", disputed);
  expect_ids(*tokenizer, goldens["truncated"], "truncated", disputed);
  for (const Json& variant : goldens["variants"]) {
    Json changed = json;
    for (const auto& [key, value] : variant["replace"].items()) {
      changed[key] = value;
      for (Json& part : changed[key].contains("normalizers") ? changed[key]["normalizers"] : changed[key]) {
        // "$" stands for the file's own table.
        if (!part.is_object() || !part.contains("precompiled_charsmap")) continue;
        part["precompiled_charsmap"] = json["normalizer"]["precompiled_charsmap"];
      }
    }
    expect_ids(*load(changed), variant["cases"], variant["name"], disputed);
  }
}

// What transformers makes of vocab.json and merges.txt is what RoBERTa's tokenizer.json has, so the ids are the same.
TEST(HfGoldens, BpeFromVocabJsonAndMerges) {
  REQUIRE_SHARED(file, "data/encoder_tokenizers/bpe_tokenizer.json");
  const Json json = read(file);
  const testing::TemporaryDirectory directory;
  directory.write("vocab.json", json["model"]["vocab"].dump());
  std::string merges = "#version: 0.2\n";
  for (const Json& merge : json["model"]["merges"]) {
    merges +=
        merge.is_string() ? merge.get<std::string>() : merge[0].get<std::string>() + " " + merge[1].get<std::string>();
    merges += "\n";
  }
  directory.write("merges.txt", merges);
  const Json goldens = golden("bpe");
  const auto tokenizer = load_hf_tokenizer(directory.path());
  EXPECT_EQ(tokenizer->vocabulary_size(), 50265u);
  expect_ids(*tokenizer, goldens["cases"], "cases");
  expect_ids(*tokenizer, goldens["truncated"], "truncated");
  for (const Json& variant : goldens["variants"]) {
    if (variant["name"] != "add_prefix_space") continue;
    directory.write("tokenizer_config.json", R"({"add_prefix_space": true})");
    expect_ids(*load_hf_tokenizer(directory.path()), variant["cases"], variant["name"]);
  }
}

}  // namespace
}  // namespace mobileclip
