#include "engine/tokenizer/mojibake.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/tokenizer/single_byte_encodings.h"
#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

constexpr std::size_t kPlenty = 1'000'000;

std::u32string repaired(std::u32string_view text, std::size_t work = kPlenty) {
  WorkBudget budget(work);
  return repair_misread_utf8(std::u32string(text), budget);
}

// What `text` becomes when its UTF-8 is read in `encoding`.
std::u32string misread(std::u32string_view text, const SingleByteEncoding& encoding) {
  std::u32string out;
  for (const char byte : encode_utf8(text)) {
    const auto value = static_cast<unsigned char>(byte);
    out.push_back(value < 0x80 ? value : encoding.decode(value));
  }
  return out;
}

TEST(Mojibake, UndoesEveryEncoding) {
  for (const SingleByteEncoding& encoding : single_byte_encodings()) {
    for (const std::u32string_view text : {U"“It’s — naïve”", U"l’été à Zürich", U"déjà vu ☃ 😀"}) {
      EXPECT_EQ(repaired(misread(text, encoding)), text) << encoding.name;
    }
  }
}

TEST(Mojibake, UndoesLayers) {
  std::u32string text = U"schön";
  for (int i = 0; i < 5; ++i) text = misread(text, single_byte_encoding("windows-1252"));
  EXPECT_EQ(repaired(text), U"schön");
}

TEST(Mojibake, UndoesWhatWasAlteredOnTheWay) {
  EXPECT_EQ(repaired(U"voilÃ le travail"), U"voilà le travail");
  EXPECT_EQ(repaired(U"The more you know ðŸŒ "), U"The more you know 🌠");
  EXPECT_EQ(repaired(U"â€œlossy decodingâ€\uFFFD"), U"“lossy decoding\uFFFD");
}

TEST(Mojibake, UndoesIslandsInOtherText) {
  EXPECT_EQ(repaired(U"漢字 schÃ¶n â€œ漢â€\u009D"), U"漢字 schön “漢”");
  // Not behind what may be the rest of a longer sequence.
  EXPECT_EQ(repaired(U"漢¶Ã©"), U"漢¶Ã©");
}

TEST(Mojibake, ReadsControlsAsWindows1252) {
  EXPECT_EQ(repaired(U"never UTF-8 at all\u0085"), U"never UTF-8 at all…");
  EXPECT_EQ(repaired(U"漢\u0093quoted\u0094"), U"漢“quoted”");
}

TEST(Mojibake, LeavesGoodTextAlone) {
  for (const std::u32string_view text : {
           U"",
           U"plain",
           U"I'm not such a fan of Charlotte Brontë…”",
           U"AHÅ™, the new sofa from IKEA",
           U"10 Å— wide",
           U"There are a lot of Ã’s in mojibake text",
           U"\u0412\u0406\u041A\u0406",
           U"Ō¬o",
           U"TRANSFORMATORIŲ™",
           U"\x1A \u00E9",
       }) {
    EXPECT_EQ(repaired(text), text) << encode_utf8(text);
  }
}

TEST(Mojibake, StopsWhenTheBudgetIsSpent) {
  std::u32string text = U"é";
  for (int i = 0; i < 6; ++i) text = misread(text, single_byte_encoding("latin-1"));
  const std::u32string partly = repaired(text, text.size() + 1);  // two passes
  EXPECT_LT(partly.size(), text.size());
  EXPECT_GT(partly.size(), 1u);
  EXPECT_EQ(repaired(text, 0), text);
}

}  // namespace
}  // namespace mobileclip
