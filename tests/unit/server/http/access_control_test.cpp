#include "server/http/access_control.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace mobileclip::server {
namespace {

class AccessControlTest : public ::testing::Test {
 protected:
  AccessControlTest() { std::ofstream(file_) << "secret\n"; }
  ~AccessControlTest() override { std::filesystem::remove(file_); }

  /// 0 where the call may be made.
  static unsigned refusal(const AccessControl& control, Access access, const std::string& key = "") {
    RequestHead head;
    if (!key.empty()) head.headers.add("X-API-Key", key);
    const Endpoint endpoint{.method = "GET", .kind = EndpointKind::kControl, .handler = {}, .access = access};
    const auto refused = control.refuse(head, endpoint);
    return refused ? refused->status : 0;
  }

  std::filesystem::path file_ =
      std::filesystem::path(::testing::TempDir()) / ("access_control" + std::to_string(::getpid()));
};

TEST_F(AccessControlTest, WithoutKeysEverythingIsOpen) {
  const AccessControl open;
  for (const Access access : {Access::kKeyed, Access::kProbe, Access::kMetrics}) EXPECT_EQ(refusal(open, access), 0u);
}

TEST_F(AccessControlTest, AsksForAKeyForAllButPagesAndProbes) {
  const ApiKeys keys(file_);
  const AccessControl control(AccessControl::Port::kOnly, &keys);
  for (const Access access : {Access::kPage, Access::kProbe}) EXPECT_EQ(refusal(control, access), 0u);
  for (const Access access : {Access::kKeyed, Access::kMetrics}) {
    EXPECT_EQ(refusal(control, access), 401u);
    EXPECT_EQ(refusal(control, access, "wrong"), 401u);
    EXPECT_EQ(refusal(control, access, "secret"), 0u);
  }
}

TEST_F(AccessControlTest, AnAdminPortServesMetricsAndHealthToAnyoneAndTheOtherPortNoMetrics) {
  const ApiKeys keys(file_);
  const AccessControl admin(AccessControl::Port::kAdmin, &keys);
  EXPECT_EQ(refusal(admin, Access::kProbe), 0u);
  EXPECT_EQ(refusal(admin, Access::kMetrics), 0u);
  EXPECT_EQ(refusal(admin, Access::kPage), 404u);
  EXPECT_EQ(refusal(admin, Access::kKeyed), 404u);
  EXPECT_EQ(refusal(admin, Access::kKeyed, "secret"), 404u);
  const AccessControl work(AccessControl::Port::kWork, &keys);
  EXPECT_EQ(refusal(work, Access::kPage), 0u);
  EXPECT_EQ(refusal(work, Access::kProbe), 0u);
  EXPECT_EQ(refusal(work, Access::kMetrics, "secret"), 404u);
  EXPECT_EQ(refusal(work, Access::kKeyed), 401u);
  EXPECT_EQ(refusal(work, Access::kKeyed, "secret"), 0u);
}

TEST_F(AccessControlTest, NamesTheSchemeInItsRefusal) {
  const ApiKeys keys(file_);
  const AccessControl control(AccessControl::Port::kOnly, &keys);
  const Endpoint endpoint{.method = "GET", .kind = EndpointKind::kControl, .handler = {}};
  const auto refused = control.refuse(RequestHead{}, endpoint);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->headers.find("WWW-Authenticate"), "Bearer");
}

}  // namespace
}  // namespace mobileclip::server
