#include "engine/tokenizer/clip_pretokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> pieces(std::u32string_view text) {
  std::vector<std::string> found;
  std::size_t position = 0;
  for (auto piece = next_clip_piece(text, position); !piece.empty(); piece = next_clip_piece(text, position)) {
    found.push_back(encode_utf8(piece));
  }
  return found;
}

TEST(ClipPieces, LettersNumbersAndTheRest) {
  EXPECT_THAT(pieces(U"hello, world!! 42%"), ElementsAre("hello", ",", "world", "!!", "4", "2", "%"));
  EXPECT_THAT(pieces(U"a1b½漢字"), ElementsAre("a", "1", "b", "½", "漢字"));
  EXPECT_THAT(pieces(U"😀😀 _-_"), ElementsAre("😀😀", "_-_"));
  EXPECT_THAT(pieces(U" \u00A0\u3000 "), IsEmpty());
  EXPECT_THAT(pieces(U""), IsEmpty());
}

TEST(ClipPieces, Contractions) {
  EXPECT_THAT(pieces(U"it's we're i'll don't 'tis"),
              ElementsAre("it", "'s", "we", "'re", "i", "'ll", "don", "'t", "'t", "is"));
  EXPECT_THAT(pieces(U"rock'n'roll"), ElementsAre("rock", "'", "n", "'", "roll"));
  // An apostrophe inside a run of other characters begins nothing.
  EXPECT_THAT(pieces(U"!'s"), ElementsAre("!'", "s"));
  EXPECT_THAT(pieces(U"'"), ElementsAre("'"));
  // Ignoring case, the long s is an s.
  EXPECT_THAT(pieces(U"a'\u017Fb"), ElementsAre("a", "'\u017F", "b"));
}

TEST(ClipPieces, SpecialTokens) {
  EXPECT_THAT(pieces(U"a<start_of_text>b <end_of_text>"), ElementsAre("a", "<start_of_text>", "b", "<end_of_text>"));
  EXPECT_THAT(pieces(U"<\u017Ftart_of_text>"), ElementsAre("<\u017Ftart_of_text>"));
  EXPECT_THAT(pieces(U"!<end_of_text>"), ElementsAre("!<", "end", "_", "of", "_", "text", ">"));
  EXPECT_THAT(pieces(U"<|endoftext|>"), ElementsAre("<|", "endoftext", "|>"));
  EXPECT_THAT(pieces(U"<end_of_tex"), ElementsAre("<", "end", "_", "of", "_", "tex"));
}

// Probed with Python's regex module: with IGNORECASE no alternative takes U+0345.
TEST(ClipPieces, TheCombiningIotaSubscriptIsNobodys) {
  EXPECT_THAT(pieces(U"x\u0345y \u0345 !\u0345!"), ElementsAre("x", "y", "!", "!"));
}

TEST(CleanClipText, StepsInOrder) {
  EXPECT_EQ(clean_clip_text(U"  A\tPhoto \u00A0 of\nÉlan  "), U"a photo of élan");
  // ftfy leaves references alone beside "<"; html.unescape, run twice, does not.
  EXPECT_EQ(clean_clip_text(U"<b>&amp;lt;&eacute</b>"), U"<b><é</b>");
  // Spaces that references stand for are collapsed, too.
  EXPECT_EQ(clean_clip_text(U"a&nbsp;&#32;b&#10;"), U"a b");
  EXPECT_EQ(clean_clip_text(U"ΟΔΟΣ İ"), U"οδος i\u0307");
  EXPECT_EQ(clean_clip_text(U"\uFEFF"), U"");
}

}  // namespace
}  // namespace mobileclip
