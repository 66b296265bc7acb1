#include "engine/tokenizer/text_alignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/tokenizer/clip_pretokenizer.h"

namespace mobileclip {
namespace {

using ::testing::ElementsAre;

std::optional<std::vector<std::size_t>> aligned(std::u32string_view text) {
  return align_cleaned(text, clean_clip_text(text));
}

TEST(TextAlignment, FollowsCaseAndWhiteSpace) {
  EXPECT_THAT(*aligned(U"ab"), ElementsAre(0, 1));
  EXPECT_THAT(*aligned(U" A\t\nb "), ElementsAre(1, 2, 4));
  EXPECT_THAT(*aligned(U"ΣΑΣ"), ElementsAre(0, 1, 2)) << "final sigma is lower case of its own";
  EXPECT_TRUE(aligned(U"")->empty());
  EXPECT_TRUE(aligned(U" \n")->empty());
}

TEST(TextAlignment, GivesUpOnOtherChanges) {
  for (const auto* text : {U"a &amp; b", U"x ﬁ y", U"\u201Ca\u201D", U"İ"}) EXPECT_FALSE(aligned(text));
}

}  // namespace
}  // namespace mobileclip
