#include "server/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/http/responses.h"

namespace mobileclip::server {
namespace {

using ::testing::ElementsAre;

class RouterTest : public ::testing::Test {
 protected:
  static ErrorReply shouted(const Refusal& refusal) { return {.status = 418, .body = refusal.message + "!"}; }

  RouterTest() {
    router_.add("/info", {.method = "GET", .kind = EndpointKind::kControl, .handler = {}});
    router_.add("/embed", {.method = "POST", .kind = EndpointKind::kWork, .handler = {}});
    router_.add("/both", {.method = "GET", .kind = EndpointKind::kControl, .handler = {}});
    router_.add("/both", {.method = "POST", .kind = EndpointKind::kWork, .handler = {}});
    router_.add("/models/{model}/versions/{version}",
                {.method = "GET", .kind = EndpointKind::kControl, .handler = {}, .error_format = shouted});
    router_.add("/models/{model}", {.method = "GET", .kind = EndpointKind::kControl, .handler = {}});
    router_.add("/models/all", {.method = "GET", .kind = EndpointKind::kControl, .handler = {}});
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
  EXPECT_THAT(router_.paths(), ElementsAre("/info", "/embed", "/both", "/models/{model}/versions/{version}",
                                           "/models/{model}", "/models/all"));
}

TEST_F(RouterTest, UnknownPathsAreNotFound) {
  for (const char* path : {"/", "/infos", "/info/", "/INFO", "/%69nfo", "//info"}) {
    const RouteMatch none = match("GET", path);
    EXPECT_EQ(none.endpoint, nullptr) << path;
    EXPECT_EQ(none.reply.status, 404u) << path;
    EXPECT_EQ(none.route, 6u);
    EXPECT_EQ(none.path, "other");
  }
}

TEST_F(RouterTest, ParametersStandForOneSegment) {
  const RouteMatch found = match("GET", "/models/a%20b%2Fc+d/versions/1?x=y");
  ASSERT_NE(found.endpoint, nullptr);
  EXPECT_EQ(found.path, "/models/{model}/versions/{version}");
  EXPECT_THAT(found.parameters, ElementsAre(std::pair("model", "a b/c+d"), std::pair("version", "1")));
  EXPECT_EQ(match("GET", "/models/x").path, "/models/{model}");
  EXPECT_EQ(match("GET", "/models/all").path, "/models/all") << "what is spelt out comes first";
  EXPECT_TRUE(match("GET", "/models/all").parameters.empty());
  for (const char* path : {"/models", "/models/", "/models/a/", "/models/a/versions", "/models/a/versions/",
                           "/models/%", "/models/%zz", "/models//versions/1", "/models/a/versions/1/2", "//models/a"}) {
    EXPECT_EQ(match("GET", path).path, "other") << path;
  }
}

TEST_F(RouterTest, ErrorsAreWordedByTheRoutesProtocol) {
  RouteMatch refused = match("PUT", "/models/a/versions/1");
  apply_error_format(refused.reply, refused.error_format);
  EXPECT_EQ(refused.reply.status, 418u);
  EXPECT_TRUE(refused.reply.body.ends_with("!"));
  EXPECT_EQ(refused.reply.headers.find("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(match("GET", "/models/a/versions/1").error_format, &shouted);
  EXPECT_EQ(match("PUT", "/info").error_format, nullptr);
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
