#include "server/handlers/line_splitter.h"

#include <gtest/gtest.h>

#include <vector>

namespace mobileclip::server {
namespace {

/// "number:text", or "number!" for a line over the limit.
std::vector<std::string> lines_of(const std::string& body, std::size_t piece, std::size_t limit = 10) {
  LineSplitter splitter(limit);
  std::vector<std::string> lines;
  const auto drain = [&] {
    while (auto line = splitter.next()) {
      lines.push_back(std::to_string(line->number) + (line->too_long ? "!" : ":" + line->text));
    }
  };
  for (std::size_t at = 0; at < body.size(); at += piece) {
    splitter.feed(std::string_view(body).substr(at, piece));
    drain();
  }
  splitter.finish();
  drain();
  return lines;
}

using Lines = std::vector<std::string>;

TEST(LineSplitter, GivesTheSameLinesHoweverTheyCome) {
  const std::string body =
      "one\n\ntwo\r\n" + std::string(10, 'x') + "\n" + std::string(11, 'y') + "\n" + std::string(50, 'z') + "\nlast";
  const Lines expected{"1:one", "2:", "3:two", "4:xxxxxxxxxx", "5!", "6!", "7:last"};
  for (std::size_t piece = 1; piece <= body.size(); ++piece) EXPECT_EQ(lines_of(body, piece), expected) << piece;
}

TEST(LineSplitter, TheLastLineNeedsNoBreak) {
  EXPECT_EQ(lines_of("", 4), Lines{});
  EXPECT_EQ(lines_of("\n", 4), Lines{"1:"});
  EXPECT_EQ(lines_of("a", 4), Lines{"1:a"});
  EXPECT_EQ(lines_of("a\n", 4), Lines{"1:a"});
  EXPECT_EQ(lines_of(std::string(30, 'x'), 4), Lines{"1!"});
}

}  // namespace
}  // namespace mobileclip::server
