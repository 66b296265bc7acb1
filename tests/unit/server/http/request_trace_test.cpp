#include "server/http/request_trace.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

using namespace std::chrono_literals;

EmbeddedItem item(ItemTimings timings, std::uint32_t batch) {
  EmbeddedItem embedded;
  embedded.timings = timings;
  embedded.batch = batch;
  return embedded;
}

TEST(RequestTrace, TellsTheSlowestItemOfEachStage) {
  RequestTrace trace;
  trace.add(RequestStage::kRead, 120us);
  trace.add(RequestStage::kParse, 30us);
  trace.add(RequestStage::kParse, 11us);
  const EmbeddedItem items[] = {item({.prepare = 2ms, .queue = 500us, .inference = 12ms}, 3),
                                item({.prepare = 1ms, .queue = 700us, .inference = 12ms}, 2)};
  trace.add(Lane::kText, items);
  EXPECT_EQ(
      server_timing(trace, 14'107'400ns),
      "read;dur=0.120, parse;dur=0.041, tokenize;dur=2.000, queue;dur=0.700, inference;dur=12.000, total;dur=14.107");
  EXPECT_EQ(trace.items(Lane::kText), 2u);
  EXPECT_EQ(trace.items(Lane::kImage), 0u);
  EXPECT_EQ(trace.largest_batch(), 3u);
}

TEST(RequestTrace, LeavesOutWhatTookNoTime) { EXPECT_EQ(server_timing(RequestTrace(), 1us), "total;dur=0.001"); }

}  // namespace
}  // namespace mobileclip::server
