#include "engine/runtime/fair_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace mobileclip {
namespace {

std::string drain(FairQueue<char>& queue) {
  std::string order;
  while (!queue.empty()) order += queue.pop();
  return order;
}

TEST(FairQueue, IsFirstComeFirstServedWithinAFlow) {
  FairQueue<char> queue;
  for (const char item : {'a', 'b', 'c'}) queue.push(nullptr, item);
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(drain(queue), "abc");
  EXPECT_EQ(queue.size(), 0u);
}

TEST(FairQueue, FlowsTakeTurns) {
  const int bulk = 0;
  const int small = 0;
  const int late = 0;
  FairQueue<char> queue;
  for (const char item : {'A', 'B', 'C', 'D', 'E'}) queue.push(&bulk, item);
  queue.push(&small, 'x');
  queue.push(&small, 'y');
  EXPECT_EQ(queue.flows(), 2u);
  EXPECT_EQ(queue.pop(), 'A');
  EXPECT_EQ(queue.pop(), 'x');
  queue.push(&late, '1');
  EXPECT_EQ(drain(queue), "By1CDE");
  queue.push(&small, 'z');
  EXPECT_EQ(drain(queue), "z") << "a flow may come back";
  EXPECT_EQ(queue.flows(), 0u);
}

}  // namespace
}  // namespace mobileclip
