#include "server/handlers/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "server/handlers/routes.h"
#include "server/http/ascii.h"
#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

using Json = nlohmann::json;

Json document() { return Json::parse(openapi_document()); }

std::set<std::string> described(const Json& api) {
  std::set<std::string> operations;
  for (const auto& [path, item] : api["paths"].items()) {
    for (const auto& [method, operation] : item.items()) operations.insert(method + " " + path);
  }
  return operations;
}

/// Every value of every "$ref".
void collect_references(const Json& value, std::set<std::string>& out) {
  if (value.is_object() && value.contains("$ref")) out.insert(value["$ref"].get<std::string>());
  if (value.is_structured()) {
    for (const Json& child : value) collect_references(child, out);
  }
}

TEST(OpenApi, DescribesTheRoutersRoutesAndNoOthers) {
  std::set<std::string> routes;
  for (const RouteEntry& route : all_routes()) {
    routes.insert(to_lower(route.method) + " " + std::string(route.path));
  }
  EXPECT_EQ(described(document()), routes);
}

TEST(OpenApi, EveryOperationSaysWhatItIs) {
  const Json api = document();
  std::set<std::string> tags;
  for (const Json& tag : api["tags"]) tags.insert(tag["name"].get<std::string>());
  std::set<std::string> ids;
  for (const auto& [path, item] : api["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      SCOPED_TRACE(method + " " + path);
      ASSERT_TRUE(operation.contains("operationId")) << "server/openapi/ says nothing of this route";
      EXPECT_TRUE(ids.insert(operation["operationId"].get<std::string>()).second);
      EXPECT_FALSE(operation["summary"].get<std::string>().empty());
      EXPECT_THAT(tags, ::testing::Contains(operation["tags"].at(0).get<std::string>()));
      EXPECT_TRUE(operation["responses"].contains("200") || operation["responses"].contains("204"));
      EXPECT_TRUE(operation["responses"].contains("default"));
    }
  }
}

TEST(OpenApi, PathParametersAreDescribed) {
  const Json api = document();
  for (const auto& [path, item] : api["paths"].items()) {
    std::set<std::string> in_path;
    const std::regex parameter("\\{(\\w+)\\}");
    for (auto it = std::sregex_iterator(path.begin(), path.end(), parameter); it != std::sregex_iterator(); ++it) {
      in_path.insert((*it)[1]);
    }
    for (const auto& [method, operation] : item.items()) {
      std::set<std::string> named;
      for (const Json& given : operation["parameters"]) {
        const Json& whole =
            given.contains("$ref") ? api.at(Json::json_pointer(given["$ref"].get<std::string>().substr(1))) : given;
        if (whole["in"] == "path") named.insert(whole["name"].get<std::string>());
      }
      EXPECT_EQ(named, in_path) << method << " " << path;
    }
  }
}

TEST(OpenApi, ReferencesLeadSomewhereAndNothingIsLeftOver) {
  const Json api = document();
  std::set<std::string> references;
  collect_references(api, references);
  for (const std::string& reference : references) {
    EXPECT_TRUE(api.contains(Json::json_pointer(reference.substr(1)))) << reference;
  }
  for (const auto& [kind, components] : api["components"].items()) {
    for (const auto& [name, component] : components.items()) {
      EXPECT_THAT(references, ::testing::Contains("#/components/" + kind + "/" + name));
    }
  }
}

class PagesTest : public ::testing::Test, protected HandlerFixture {
 protected:
  Response get_as(std::string target, const std::string& accept) {
    Request request{.head = {.method = "GET", .target = std::move(target), .headers = {}}};
    request.head.headers.add("Accept", accept);
    return call(std::move(request));
  }
};

TEST_F(PagesTest, TheIndexIsAPageForBrowsersOnly) {
  constexpr const char* kBrowser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
  for (const char* accept : {kBrowser, "text/html", "text/*, application/json;q=0.5"}) {
    const Response page = get_as("/", accept);
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8") << accept;
    EXPECT_THAT(page.body, ::testing::StartsWith("<!DOCTYPE html>"));
    EXPECT_EQ(page.headers.find("Vary"), "Accept");
  }
  for (const char* accept :
       {"*/*", "application/json", "application/json, text/html", "text/html;q=0", "image/png", ""}) {
    const Response list = get_as("/", accept);
    EXPECT_EQ(list.content_type, "application/json") << accept;
    EXPECT_EQ(list.headers.find("Vary"), "Accept");
  }
  EXPECT_EQ(get("/").content_type, "application/json");
}

TEST_F(PagesTest, ThePolicyLetsThePagesOwnScriptRunAndNothingElse) {
  for (const Response& page : {get_as("/", "text/html"), get("/docs")}) {
    const std::string policy(page.headers.find("Content-Security-Policy").value_or(""));
    EXPECT_THAT(policy, ::testing::StartsWith("default-src 'none'; script-src 'sha256-"));
    EXPECT_THAT(policy, ::testing::HasSubstr("connect-src 'self'"));
    EXPECT_THAT(policy, ::testing::Not(::testing::HasSubstr("unsafe")));
    // What the policy would block, so that it is not there to begin with.
    for (const char* foreign : {"src=\"http", "href=\"http", "url(", "@import", " style=\"", " onclick=", "<script "}) {
      EXPECT_THAT(page.body, ::testing::Not(::testing::HasSubstr(foreign)));
    }
  }
}

TEST_F(PagesTest, TheDocumentIsServed) {
  const Response response = get("/openapi.json");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(json_of(response)["openapi"], "3.1.0");
}

}  // namespace
}  // namespace mobileclip::server
