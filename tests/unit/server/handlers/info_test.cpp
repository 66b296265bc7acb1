#include "server/handlers/info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/version.h"
#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

using ::testing::HasSubstr;

class InfoTest : public ::testing::Test, protected HandlerFixture {};

TEST_F(InfoTest, ReportsTheConfiguredLimits) {
  config.max_items_per_request = 17;
  config.engine.max_queue_items = 99;
  const auto info = json_of(get("/info"));
  EXPECT_EQ(info["model"], "fake-model");
  EXPECT_EQ(info["revision"], revision());
  EXPECT_EQ(info["limits"]["max_items_per_request"], 17);
  EXPECT_EQ(info["limits"]["max_queue_items"], 99);
}

TEST_F(InfoTest, MetricsAskForTheQueues) {
  const Response response = get("/metrics");
  EXPECT_THAT(response.content_type, HasSubstr("version=0.0.4"));
  EXPECT_THAT(response.body, HasSubstr("mobileclip_queue_depth{lane=\"image\",model=\"fake\"} 3\n"));
  EXPECT_THAT(response.body, HasSubstr("mobileclip_requests_in_flight 1\n"));
}

}  // namespace
}  // namespace mobileclip::server
