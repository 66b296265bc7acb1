#include "server/http/request_id.h"

#include <gtest/gtest.h>

#include "server/http/ascii.h"

namespace mobileclip::server {
namespace {

std::string id_for(std::string value) {
  Headers headers;
  headers.add("x-request-id", std::move(value));
  return request_id(headers);
}

bool is_random(const std::string& id) {
  return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

TEST(RequestId, IsTheClientsWhereWellFormed) {
  for (const std::string& id : {std::string("a"), std::string("550e8400-e29b-41d4-a716-446655440000"),
                                std::string("Root=1-67891233-abcdef012345678912345678"), std::string(128, 'x')}) {
    EXPECT_EQ(id_for(id), id);
  }
}

TEST(RequestId, IsMadeElse) {
  for (const std::string& id : {std::string(), std::string("a b"), std::string("a\"b"), std::string("a,b"),
                                std::string("\xC3\xA9"), std::string(129, 'x')}) {
    EXPECT_TRUE(is_random(id_for(id))) << id;
  }
  Headers twice;
  twice.add("X-Request-Id", "a");
  twice.add("X-Request-Id", "b");
  EXPECT_TRUE(is_random(request_id(twice)));
  EXPECT_TRUE(is_random(request_id(Headers())));
  EXPECT_NE(random_request_id(), random_request_id());
}

}  // namespace
}  // namespace mobileclip::server
