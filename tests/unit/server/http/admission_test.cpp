#include "server/http/admission.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

constexpr std::size_t kLimit = 100;

class AdmissionTest : public ::testing::Test {
 protected:
  unsigned status(EndpointKind kind, const char* header = nullptr, const char* value = "") const {
    RequestHead head{.method = "POST", .target = "/", .version = 11, .headers = {}};
    if (header != nullptr) head.headers.add(header, value);
    const Endpoint endpoint{.method = "POST", .kind = kind, .handler = {}};
    const auto refusal = Admission(lifecycle_, budget_, kLimit).refuse(head, endpoint);
    return refusal ? refusal->status : 0;
  }

  Lifecycle lifecycle_;
  BodyBudget budget_{150};
};

TEST_F(AdmissionTest, WorkNeedsABodyWithinTheLimit) {
  EXPECT_EQ(status(EndpointKind::kWork), 411u);
  EXPECT_EQ(status(EndpointKind::kWork, "Content-Length", "0"), 0u);
  EXPECT_EQ(status(EndpointKind::kWork, "Content-Length", "100"), 0u);
  EXPECT_EQ(status(EndpointKind::kWork, "Content-Length", "101"), 413u);
  EXPECT_EQ(status(EndpointKind::kWork, "Transfer-Encoding", "chunked"), 0u);
}

TEST_F(AdmissionTest, WorkIsTurnedAwayWhileOthersBodiesTakeTheMemory) {
  BodyBudget::Lease lease(budget_);
  ASSERT_TRUE(lease.grow_to(100));
  EXPECT_EQ(status(EndpointKind::kWork, "Content-Length", "50"), 0u);
  EXPECT_EQ(status(EndpointKind::kWork, "Content-Length", "51"), 429u);
  EXPECT_EQ(status(EndpointKind::kControl), 0u);
}

TEST_F(AdmissionTest, ControlNeedsNone) {
  EXPECT_EQ(status(EndpointKind::kControl), 0u);
  EXPECT_EQ(status(EndpointKind::kControl, "Content-Length", "101"), 413u);
}

TEST_F(AdmissionTest, RefusesWorkOnlyOnceTheGraceIsOver) {
  lifecycle_.leave();
  EXPECT_EQ(status(EndpointKind::kWork, "Content-Length", "1"), 0u);
  lifecycle_.refuse();
  EXPECT_EQ(status(EndpointKind::kWork, "Content-Length", "1"), 503u);
  EXPECT_EQ(status(EndpointKind::kControl), 0u);
}

}  // namespace
}  // namespace mobileclip::server
