#include "engine/tokenizer/demo_vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "engine/tokenizer/clip_tokenizer.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

using ::testing::ElementsAre;

TEST(DemoVocabulary, HasTheBytesAndTheSpecialsAndNothingElse) {
  const auto json = nlohmann::json::parse(demo_tokenizer_json());
  const auto& vocab = json["model"]["vocab"];
  EXPECT_EQ(vocab.size(), 514u);
  EXPECT_TRUE(json["model"]["merges"].empty());
  std::set<int> ids;
  for (const auto& [symbol, id] : vocab.items()) ids.insert(id.get<int>());
  EXPECT_EQ(ids.size(), 514u);
  EXPECT_EQ(*ids.rbegin(), 49407);
  // As in CLIP's own vocabulary.
  EXPECT_EQ(vocab["!"], 0);
  EXPECT_EQ(vocab["a"], 64);
  EXPECT_EQ(vocab["a</w>"], 320);
  EXPECT_EQ(vocab["\u0143</w>"], 511);
}

TEST(DemoVocabulary, Tokenises) {
  const testing::TemporaryDirectory directory;
  directory.write("tokenizer.json", demo_tokenizer_json());
  const ClipTokenizer tokenizer = ClipTokenizer::load(directory.path());
  EXPECT_EQ(tokenizer.vocabulary_size(), 49408u);
  const auto encoded = tokenizer.encode("A cat é");
  ASSERT_TRUE(encoded.ok());
  EXPECT_THAT(encoded->ids, ElementsAre(49406, 320, 66, 64, 339, 127, 358, 49407));
}

}  // namespace
}  // namespace mobileclip
