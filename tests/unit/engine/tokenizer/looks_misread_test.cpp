#include "engine/tokenizer/looks_misread.h"

#include <gtest/gtest.h>

#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

TEST(LooksMisread, Mojibake) {
  for (const std::u32string_view text : {
           U"schÃ¶n",
           U"Ã©",
           U"Ã ",
           U"voilÃ le",
           U"voil\u00A0Ã le",
           U"â€œ",
           U"aoÃ»t",
           U"HÃ”TEL",
           U"l‚Äôheure",
           U"‚âà",
           U"\u0432\u0402\u2122",
           U"\u0420\u201E\u0420",
           U"\u03B2\u20AC\u2122",
           U"\u039E\u00B1\u039E\u00A9\u039E",
           U"Ø±Ø³",
           U"√±",
           U"≈°",
           U"×²",
           U"à²",
           U"\u0085",
           U"œ!",
           U"É°",
           U"āu\u0101€",
           U"├®t",
           U"!Â ¿",
           U"\u0413\u045E\u0412\u0402\u0412x ",
           U" Å£",
           U"é®x",
       }) {
    EXPECT_TRUE(looks_misread(text)) << encode_utf8(text);
  }
}

TEST(LooksMisread, OrdinaryText) {
  for (const std::u32string_view text : {
           U"",
           U"a photo of a cat",
           U"schön, élan, Łódź, Ærøskøbing, Œuvre",
           U"10 Å— wide",
           U"!YO SÉ¡",
           U"Ж Д Я",
           U"Привет, мир",
           U"Καλημέρα κόσμε",
           U"漢字",
           U"“quoted” ‘text’ – dash — dash…",
           U"£5 and €10 × 2 = ½",
           U"Ō¬o",
           U"Brontë…”",
           U"œ",
           U"Œuvre",
           U"\u0412\u0406\u041A\u0406",
           U" Ã",
           U"😀",
       }) {
    EXPECT_FALSE(looks_misread(text)) << encode_utf8(text);
  }
}

}  // namespace
}  // namespace mobileclip
