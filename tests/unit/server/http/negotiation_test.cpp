#include "server/http/negotiation.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

constexpr std::string_view kTypes[] = {"application/json", "application/octet-stream", "application/x-npy"};

std::string_view chosen(std::string_view accept) {
  const auto index = choose_media_type(accept, kTypes);
  return index ? kTypes[*index] : "none";
}

TEST(Negotiation, TakesTheMediaTypeLikedBest) {
  EXPECT_EQ(chosen("application/x-npy"), "application/x-npy");
  EXPECT_EQ(chosen("Application/X-NPY"), "application/x-npy");
  EXPECT_EQ(chosen("*/*"), "application/json");
  EXPECT_EQ(chosen("application/*"), "application/json");
  EXPECT_EQ(chosen("text/html, application/xhtml+xml, */*;q=0.8"), "application/json");
  EXPECT_EQ(chosen("application/json;q=0.5, application/octet-stream;q=0.9"), "application/octet-stream");
  EXPECT_EQ(chosen("application/x-npy, */*"), "application/x-npy") << "named beats a wildcard of the same quality";
  EXPECT_EQ(chosen("application/x-npy;q=0.8, */*;q=0.9"), "application/json");
  EXPECT_EQ(chosen("*/*, application/json;q=0"), "application/octet-stream") << "the most exact range decides";
  EXPECT_EQ(chosen("application/json; charset=utf-8; q=1.000"), "application/json");
}

TEST(Negotiation, AcceptsNothingElse) {
  for (const char* accept : {"image/png", "application/json;q=0", "text/*", "", ",,", "*", "application",
                             "application/json;q=2", "application/json;q=", "application/json;q=-1",
                             "application/json;q=0.00001", "application/json;q=1e0", "*/*;q=0"}) {
    EXPECT_EQ(chosen(accept), "none") << accept;
  }
}

TEST(Negotiation, Gzip) {
  for (const char* wanted : {"gzip", "GZIP", "deflate, gzip;q=0.5", "*", "x-gzip", "gzip, identity", "br, *;q=0.1"}) {
    EXPECT_TRUE(prefers_gzip(wanted)) << wanted;
  }
  for (const char* unwanted :
       {"", "br", "gzip;q=0", "identity", "gzip;q=0.5, identity", "*;q=0", "gzip;q=0, *", "gzip;q=x"}) {
    EXPECT_FALSE(prefers_gzip(unwanted)) << unwanted;
  }
}

}  // namespace
}  // namespace mobileclip::server
