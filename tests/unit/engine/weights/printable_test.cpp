#include "engine/weights/printable.h"

#include <gtest/gtest.h>

namespace mobileclip {
namespace {

TEST(Printable, QuotesAndEscapes) {
  EXPECT_EQ(printable("trunk.stem.0"), "'trunk.stem.0'");
  EXPECT_EQ(printable(""), "''");
  EXPECT_EQ(printable(std::string("\x1b[31m\0\n\x7f", 8)), R"('\x1b[31m\x00\x0a\x7f')");
  EXPECT_EQ(printable("\xC3\xA9"), "'\xC3\xA9'");
}

TEST(Printable, CutsLongNamesBetweenCharacters) {
  EXPECT_EQ(printable(std::string(120, 'n')), "'" + std::string(120, 'n') + "'");
  EXPECT_EQ(printable(std::string(1'000'000, 'n')), "'" + std::string(120, 'n') + "… (1000000 bytes)'");
  const std::string cut = printable(std::string(119, 'n') + "\xF0\x9F\x98\x80 and more");
  EXPECT_EQ(cut.substr(0, 123), "'" + std::string(119, 'n') + "…");
}

}  // namespace
}  // namespace mobileclip
