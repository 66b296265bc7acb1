#include "engine/tokenizer/text_repair.h"

#include <gtest/gtest.h>

#include <string>

namespace mobileclip {
namespace {

struct Case {
  std::u32string text, repaired;
};

TEST(TextRepair, DoesWhatFtfyDoes) {
  const Case cases[] = {
      {U"", U""},
      {U"plain ASCII, unchanged.\n\tYes.", U"plain ASCII, unchanged.\n\tYes."},
      {U"Broken text&hellip; it&#x2019;s ﬂubberiﬁc!", U"Broken text… it's flubberific!"},
      {U"&amp;amp;amp; nested", U"& nested"},
      {U"“curly” ‘quotes’ „low‟ it\u02BCs", U"\"curly\" 'quotes' \"low\" it's"},
      {U"ＬＯＵＤ　ＮＯＩＳＥＳ ｶﾞ", U"LOUD NOISES ガ"},
      {U"ĳ ŉ ǅ ﬃ ﬅ", U"ij 'n Dž ffi ſt"},
      {U"\x1B[36;44mI'm blue\x1B[0m \x1B[x\x1B[;", U"I'm blue [;"},
      {U"a\r\nb\rc\u2028d\u2029e\r\r\nf", U"a\nb\nc\nd\ne\n\nf"},
      {U"n\u0085l", U"n…l"},
      {std::u32string(U"\0\x01\x08\x0B\x0E\x1F\x7F\u206A\uFEFF\uFFF9\uFFFC", 11), U""},
      {U"kept: \u200B\u200D\u202E\u00AD \f", U"kept: \u200B\u200D\u202E\u00AD \f"},
      {U"e\u0301", U"é"},
      {U"schÃ¶n &macr;\\_(ã\u0083\u0084)_/&macr;", U"schön ¯\\_(ツ)_/¯"},
  };
  for (const Case& c : cases) EXPECT_EQ(repair_text(c.text), c.repaired);
}

TEST(TextRepair, FromTheFirstAngleBracketOnReferencesAreLeftAlone) {
  EXPECT_EQ(repair_text(U"&lt;3 &eacute;\n<b>&eacute;</b>\n&eacute;"), U"<3 é\n<b>&eacute;</b>\n&eacute;");
}

TEST(TextRepair, LinesAreRepairedOneByOne) {
  // As one piece these would be no encoding of anything.
  EXPECT_EQ(repair_text(U"schÃ¶n\nl‚Äôheure\n漢字"), U"schön\nl'heure\n漢字");
}

TEST(TextRepair, IsIdempotent) {
  for (const std::u32string_view text : {U"&amp;amp;lt;", U"ÃƒÂ¶", U"ﬀ\u0301", U"ﾊﾟ\u0085“"}) {
    const std::u32string once = repair_text(text);
    EXPECT_EQ(repair_text(once), once);
  }
}

// Every pass takes one layer off, so that a text like this asks for a quarter of its length in passes. The budget stops
// them; what must not happen is that they all run, or that text is lost.
TEST(TextRepair, WorkOnOneLineIsBounded) {
  constexpr std::size_t kLayers = 250'000;
  std::u32string text = U"&";
  for (std::size_t i = 0; i < kLayers; ++i) text += U"amp;";
  const std::u32string repaired = repair_text(text);
  EXPECT_TRUE(repaired.starts_with(U"&amp;"));
  EXPECT_EQ((text.size() - repaired.size()) % 4, 0u);
  const std::size_t passes = (text.size() - repaired.size()) / 4;
  EXPECT_GE(passes, 1u);
  EXPECT_LE(passes * repaired.size(), kRepairBudget);
}

TEST(TextRepair, LayersThatFitTheBudgetAllGo) {
  std::u32string text = U"&";
  for (int i = 0; i < 1000; ++i) text += U"amp;";
  EXPECT_EQ(repair_text(text), U"&");
}

}  // namespace
}  // namespace mobileclip
