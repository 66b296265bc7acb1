#include "server/cli/literal_arguments.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace mobileclip::server {
namespace {

struct Parsed {
  std::vector<std::string> texts;
  std::string option;
  bool flag = false;
};

Parsed parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "program");
  Parsed parsed;
  CLI::App app;
  app.require_subcommand(1);
  app.add_subcommand("other");
  CLI::App* command = app.add_subcommand("command");
  command->add_option("TEXT", parsed.texts);
  command->add_option("--option", parsed.option);
  command->add_flag("--flag", parsed.flag);
  unmark_literals(app);
  std::vector<std::string> marked = mark_literals(static_cast<int>(arguments.size()), arguments.data());
  std::ranges::reverse(marked);
  app.parse(std::move(marked));
  return parsed;
}

using Texts = std::vector<std::string>;

TEST(LiteralArguments, ReachTheirCommandAsTyped) {
  EXPECT_EQ(parse({"command", "[a, b]", "", "{}", "[]", "other", "it's", "\"q\"", "a=b", "a\nb", "%%", "++", "-", "-5"})
                .texts,
            (Texts{"[a, b]", "", "{}", "[]", "other", "it's", "\"q\"", "a=b", "a\nb", "%%", "++", "-", "-5"}));
  EXPECT_EQ(parse({"command", "\x01", "\x01[a]"}).texts, (Texts{"\x01", "\x01[a]"}));
}

TEST(LiteralArguments, FollowTwoDashes) {
  EXPECT_EQ(parse({"command", "a", "--", "--flag", "-x", "--", "[b]"}).texts,
            (Texts{"a", "--flag", "-x", "--", "[b]"}));
  EXPECT_EQ(parse({"command", "--flag", "--"}).texts, Texts{});
  EXPECT_FALSE(parse({"command", "--", "--flag"}).flag);
}

TEST(LiteralArguments, LeaveOptionsAlone) {
  const Parsed parsed = parse({"command", "a", "--option", "[x, y]", "b", "--flag", "c"});
  EXPECT_EQ(parsed.texts, (Texts{"a", "b", "c"}));
  EXPECT_EQ(parsed.option, "[x, y]");
  EXPECT_TRUE(parsed.flag);
  EXPECT_EQ(parse({"command", "--option=[x]"}).option, "[x]");
}

}  // namespace
}  // namespace mobileclip::server
