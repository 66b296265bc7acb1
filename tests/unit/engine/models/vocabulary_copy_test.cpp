#include "engine/models/vocabulary_copy.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using testing::read_file;
using testing::TemporaryDirectory;

TEST(CopyVocabulary, TakesAFileOfAnyNameByItsForm) {
  for (const auto& [given, expected] : {std::pair{"mine.json", "tokenizer.json"},
                                        {"mine.txt", "bpe_simple_vocab_16e6.txt"},
                                        {"mine.txt.gz", "bpe_simple_vocab_16e6.txt.gz"}}) {
    const TemporaryDirectory from;
    const TemporaryDirectory to;
    EXPECT_TRUE(copy_vocabulary(from.write(given, "content"), to.path()));
    EXPECT_EQ(read_file(to.path() / expected), "content") << given;
  }
}

TEST(CopyVocabulary, KeepsVocabAndMergesTogether) {
  for (const char* const given : {"vocab.json", "merges.txt"}) {
    const TemporaryDirectory from;
    const TemporaryDirectory to;
    from.write("vocab.json", "v");
    from.write("merges.txt", "m");
    EXPECT_TRUE(copy_vocabulary(from.path() / given, to.path()));
    EXPECT_EQ(read_file(to.path() / "vocab.json") + read_file(to.path() / "merges.txt"), "vm");
  }
}

TEST(CopyVocabulary, TakesAllFormsOfADirectoryAndNothingElse) {
  const TemporaryDirectory from;
  const TemporaryDirectory to;
  EXPECT_FALSE(copy_vocabulary(from.path(), to.path()));
  from.write("tokenizer.json", "t");
  from.write("merges.txt", "m");
  from.write("README.md", "r");
  EXPECT_TRUE(copy_vocabulary(from.path(), to.path()));
  EXPECT_TRUE(fs::exists(to.path() / "tokenizer.json"));
  EXPECT_TRUE(fs::exists(to.path() / "merges.txt"));
  EXPECT_FALSE(fs::exists(to.path() / "README.md"));
}

TEST(CopyVocabulary, FindsNothingWhereThereIsNothing) {
  const TemporaryDirectory to;
  EXPECT_FALSE(copy_vocabulary(to.path() / "none.json", to.path()));
}

}  // namespace
}  // namespace mobileclip
