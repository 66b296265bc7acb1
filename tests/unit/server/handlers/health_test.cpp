#include "server/handlers/health.h"

#include <gtest/gtest.h>

#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

class HealthTest : public ::testing::Test, protected HandlerFixture {};

TEST_F(HealthTest, IsReadyWhileServing) {
  EXPECT_EQ(get("/health/live").status, 200u);
  EXPECT_EQ(get("/health/ready").body, R"({"status":"ready"})");
  const Response health = get("/health");
  EXPECT_EQ(health.status, 200u);
  EXPECT_EQ(json_of(health)["queue_depth"], (nlohmann::json{{"image", 3}, {"text", 5}}));
  EXPECT_EQ(json_of(health)["model"], "fake-model");
}

TEST_F(HealthTest, IsNotReadyWhileStopping) {
  lifecycle.leave();
  EXPECT_EQ(get("/health/ready").status, 503u);
  EXPECT_EQ(get("/health/ready").body, R"({"status":"draining"})");
  EXPECT_EQ(get("/health").status, 503u);
  EXPECT_EQ(get("/health/live").status, 200u);
}

TEST_F(HealthTest, IsNotReadyOnceTheEngineHasFailed) {
  service.is_healthy = false;
  EXPECT_EQ(get("/health/ready").body, R"({"status":"failed"})");
  EXPECT_EQ(get("/health").status, 503u);
  EXPECT_EQ(get("/health/live").status, 200u);
}

}  // namespace
}  // namespace mobileclip::server
