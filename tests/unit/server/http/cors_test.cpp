#include "server/http/cors.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

RequestHead from(const std::string& origin, const std::string& method = "POST") {
  RequestHead head{.method = method, .target = "/embed/text", .headers = {}};
  if (!origin.empty()) head.headers.add("Origin", origin);
  return head;
}

Response answer(const Cors& cors, const RequestHead& head) {
  Response response;
  if (head.method == "OPTIONS") response.headers.add("Allow", "POST, OPTIONS");
  cors.apply(head, response);
  return response;
}

TEST(Cors, TellsBrowsersNothingByDefault) {
  const Response response = answer(Cors(), from("https://a.example"));
  EXPECT_EQ(response.headers.begin(), response.headers.end());
}

TEST(Cors, NamesAListedOriginAndNoOther) {
  const Cors cors({"https://a.example", "http://localhost:3000"});
  const Response listed = answer(cors, from("http://localhost:3000"));
  EXPECT_EQ(listed.headers.find("Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_EQ(listed.headers.find("Access-Control-Expose-Headers"), "*");
  EXPECT_FALSE(listed.headers.find("Access-Control-Allow-Credentials"));
  for (const char* origin :
       {"https://b.example", "https://a.example.evil", "https://a.example:8443", "null", "*", ""}) {
    const Response other = answer(cors, from(origin));
    EXPECT_FALSE(other.headers.find("Access-Control-Allow-Origin")) << origin;
    EXPECT_EQ(other.headers.find("Vary"), "Origin") << origin;
  }
  RequestHead twice = from("https://a.example");
  twice.headers.add("Origin", "https://b.example");
  EXPECT_FALSE(answer(cors, twice).headers.find("Access-Control-Allow-Origin"));
}

TEST(Cors, AStarIsAnyOrigin) {
  const Response response = answer(Cors({"*"}), from("https://b.example"));
  EXPECT_EQ(response.headers.find("Access-Control-Allow-Origin"), "*");
  EXPECT_FALSE(response.headers.find("Vary"));
}

TEST(Cors, AnswersAPreflight) {
  RequestHead head = from("https://a.example", "OPTIONS");
  head.headers.add("Access-Control-Request-Method", "POST");
  const Response response = answer(Cors({"https://a.example"}), head);
  EXPECT_EQ(response.headers.find("Access-Control-Allow-Methods"), "POST, OPTIONS");
  EXPECT_EQ(response.headers.find("Access-Control-Allow-Headers"), "*, Authorization");
  EXPECT_TRUE(response.headers.find("Access-Control-Max-Age"));
  head.headers = {};
  head.headers.add("Origin", "https://b.example");
  head.headers.add("Access-Control-Request-Method", "POST");
  EXPECT_FALSE(answer(Cors({"https://a.example"}), head).headers.find("Access-Control-Allow-Methods"));
}

}  // namespace
}  // namespace mobileclip::server
