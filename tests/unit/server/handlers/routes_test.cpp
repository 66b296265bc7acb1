#include "server/handlers/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

class RoutesTest : public ::testing::Test, protected HandlerFixture {};

TEST_F(RoutesTest, TheIndexListsEveryRouteWithItsMethod) {
  const auto index = json_of(get("/"));
  EXPECT_EQ(index["message"], "Immich ML");
  EXPECT_EQ(index["routes"].size(), all_routes().size());
  for (const auto& route : index["routes"]) {
    const RequestHead head{.method = route["method"], .target = route["path"], .headers = {}};
    EXPECT_NE(router.match(head).endpoint, nullptr) << route;
    EXPECT_FALSE(route["about"].get<std::string>().empty());
  }
}

TEST_F(RoutesTest, MetricsKnowTheRoutersPaths) { EXPECT_EQ(route_paths(), router.paths()); }

TEST_F(RoutesTest, OnlyEmbeddingIsWork) {
  for (const char* path : {"/embed/image", "/embed/text", "/similarity"}) {
    EXPECT_EQ(router.match({.method = "POST", .target = path, .headers = {}}).endpoint->kind, EndpointKind::kWork)
        << path;
  }
  for (const char* path :
       {"/", "/info", "/health", "/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"}) {
    EXPECT_EQ(router.match({.method = "GET", .target = path, .headers = {}}).endpoint->kind, EndpointKind::kControl)
        << path;
  }
}

}  // namespace
}  // namespace mobileclip::server
