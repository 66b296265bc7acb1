#include "engine/tokenizer/html_entities.h"

#include <gtest/gtest.h>

#include <string>

namespace mobileclip {
namespace {

struct Case {
  std::u32string text, unescaped;
};

// Expectations are Python 3.11's.
TEST(HtmlUnescape, IsPythons) {
  const Case cases[] = {
      {U"&lt;b&gt; &amp; &quot;x&quot;", U"<b> & \"x\""},
      {U"&ampersand", U"&ersand"},
      {U"&notit; &notin;", U"¬it; ∉"},
      {U"&copycopy &nosuchname; &", U"©copy &nosuchname; &"},
      {U"&NotEqualTilde;", U"≂̸"},
      {U"&amp;amp;", U"&amp;"},
      {U"&#65;&#x42;&#X43;&#68", U"ABCD"},
      {U"&#x80;&#129;&#0;", U"€\u0081\uFFFD"},
      {U"&#xD800;&#x110000;&#99999999999999999999;", U"\uFFFD\uFFFD\uFFFD"},
      {U"a&#1;b&#xFDD0;c&#x1FFFF;d&#11;e&#127;", U"abcde"},
      {U"&#13;&#9;", U"\r\t"},
      {U"&#;&#x;&#xg;&;", U"&#;&#x;&#xg;&;"},
      {U"&#59;", U";"},
      {U"&ampé &ample", U"&é &le"},
      {U"&é; &l&lt", U"&é; &l<"},
      {U"&CounterClockwiseContourIntegral;", U"∳"},
      {U"&CounterClockwiseContourIntegralXXX;", U"&CounterClockwiseContourIntegralXXX;"},
  };
  for (const Case& c : cases) EXPECT_EQ(html_unescape(c.text), c.unescaped);
}

TEST(HtmlUnescape, FtfyTakesOnlyUnambiguousReferences) {
  const Case cases[] = {
      {U"&lt;tag&gt; &Jscr;ohn &HilbertSpace;ancock", U"<tag> 𝒥ohn ℋancock"},
      {U"this&not that &ampersand", U"this&not that &ampersand"},
      {U"P&EACUTE;REZ BUNDESSTRA&SZLIG;E", U"PÉREZ BUNDESSTRASSE"},
      {U"&ntilde; &Ntilde; &NTILDE; &nTILDE;", U"ñ Ñ Ñ &nTILDE;"},
      {U"&#8230;&#x2026;&#133;", U"………"},
      {U"&#59; &#12ab; &#x; &#xD800;", U"&#59; &#12ab; &#x; \uFFFD"},
      {U"&amp;amp;", U"&amp;"},
      {U"&#0000000000000000000000065;", U"&#0000000000000000000000065;"},
      {U"&#000000000000000000000065;", U"A"},
      {U"&", U"&"},
      {U"&#", U"&#"},
  };
  for (const Case& c : cases) EXPECT_EQ(unescape_unambiguous_html(c.text), c.unescaped);
}

}  // namespace
}  // namespace mobileclip
