#include "server/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

using ::testing::ElementsAre;

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router_.add("/info", {.method = "GET", .kind = EndpointKind::kControl, .handler = {}});
    router_.add("/embed", {.method = "POST", .kind = EndpointKind::kWork, .handler = {}});
    router_.add("/both", {.method = "GET", .kind = EndpointKind::kControl, .handler = {}});
    router_.add("/both", {.method = "POST", .kind = EndpointKind::kWork, .handler = {}});
  }

  RouteMatch match(std::string method, std::string target) {
    head_ = {.method = std::move(method), .target = std::move(target), .headers = {}};
    return router_.match(head_);
  }

  Router router_;
  RequestHead head_;
};

TEST_F(RouterTest, FindsByPathAndMethod) {
  EXPECT_EQ(match("GET", "/info").endpoint->kind, EndpointKind::kControl);
  EXPECT_EQ(match("HEAD", "/info").endpoint->method, "GET");
  EXPECT_EQ(match("POST", "/embed?a=b").endpoint->kind, EndpointKind::kWork);
  EXPECT_EQ(match("POST", "/both").endpoint->kind, EndpointKind::kWork);
  EXPECT_EQ(match("GET", "/both").endpoint->kind, EndpointKind::kControl);
  EXPECT_EQ(match("POST", "/embed").route, 1u);
  EXPECT_THAT(router_.paths(), ElementsAre("/info", "/embed", "/both"));
}

TEST_F(RouterTest, UnknownPathsAreNotFound) {
  for (const char* path : {"/", "/infos", "/info/", "/INFO", "/%69nfo", "//info"}) {
    const RouteMatch none = match("GET", path);
    EXPECT_EQ(none.endpoint, nullptr) << path;
    EXPECT_EQ(none.reply.status, 404u) << path;
    EXPECT_EQ(none.route, 3u);
    EXPECT_EQ(none.path, "other");
  }
}

TEST_F(RouterTest, OtherMethodsAreToldWhatIsAllowed) {
  const RouteMatch refused = match("DELETE", "/both");
  EXPECT_EQ(refused.endpoint, nullptr);
  EXPECT_EQ(refused.reply.status, 405u);
  EXPECT_EQ(refused.reply.headers.find("Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(match("HEAD", "/embed").reply.status, 405u);
  EXPECT_EQ(match("get", "/info").reply.status, 405u) << "methods are case-sensitive";
}

TEST_F(RouterTest, AnswersOptions) {
  const RouteMatch options = match("OPTIONS", "/embed");
  EXPECT_EQ(options.reply.status, 204u);
  EXPECT_EQ(options.reply.headers.find("Allow"), "POST, OPTIONS");
  EXPECT_EQ(match("OPTIONS", "*").reply.status, 204u);
  EXPECT_EQ(match("OPTIONS", "/nowhere").reply.status, 404u);
}

}  // namespace
}  // namespace mobileclip::server
