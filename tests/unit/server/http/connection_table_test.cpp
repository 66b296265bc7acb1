#include "server/http/connection_table.h"

#include <gtest/gtest.h>

#include <string>

namespace mobileclip::server {
namespace {

using namespace std::chrono_literals;

TEST(ConnectionTable, ClosesTheIdleFirstThenThoseThatHaveLeastToLose) {
  ConnectionTable table(0ms);
  std::string closed;
  ConnectionTable::Entry a(table), b(table), c(table), d(table), e(table), working(table);
  const auto close = [&closed](char name) { return [&closed, name] { closed += name; }; };
  a.waits(ClientWait::kAnswer, close('a'));
  b.waits(ClientWait::kBody, close('b'));
  c.waits(ClientWait::kHead, close('c'));
  d.waits(ClientWait::kRequest, close('d'));
  e.waits(ClientWait::kRequest, close('e'));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(table.close_one());
  EXPECT_EQ(closed, "decba");
  EXPECT_FALSE(table.close_one()) << "each is closed once";
}

TEST(ConnectionTable, TheOneThatHasWaitedLongestGoesFirstAndNoneThatWorks) {
  ConnectionTable table(0ms);
  std::string closed;
  ConnectionTable::Entry a(table), b(table);
  const auto close = [&closed](char name) { return [&closed, name] { closed += name; }; };
  a.waits(ClientWait::kRequest, close('a'));
  b.waits(ClientWait::kRequest, close('b'));
  a.waits(ClientWait::kRequest, close('A'));  // it has asked something meanwhile
  EXPECT_TRUE(table.close_one());
  EXPECT_EQ(closed, "b");
  a.works();
  EXPECT_FALSE(table.close_one());
  {
    ConnectionTable::Entry gone(table);
    gone.waits(ClientWait::kRequest, close('g'));
  }
  EXPECT_FALSE(table.close_one());
}

TEST(ConnectionTable, HasPatienceWithThoseWhoSendOrRead) {
  ConnectionTable table(1h);
  bool closed = false;
  ConnectionTable::Entry sender(table), idle(table);
  sender.waits(ClientWait::kBody, [&] { closed = true; });
  EXPECT_FALSE(table.close_one());
  idle.waits(ClientWait::kRequest, [] {});
  EXPECT_TRUE(table.close_one());
  EXPECT_FALSE(closed);
}

}  // namespace
}  // namespace mobileclip::server
