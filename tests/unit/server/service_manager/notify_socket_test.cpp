#include "server/service_manager/notify_socket.h"

#include <gmock/gmock.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "tests/unit/server/service_manager/fake_manager.h"

namespace mobileclip::server {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::ThrowsMessage;

TEST(NotifySocket, SpeaksTheProtocol) {
  FakeManager fake;
  const NotifySocket manager(fake.address());
  manager.starting("loading");
  EXPECT_EQ(fake.received(), "STATUS=loading");
  manager.ready("serving");
  EXPECT_EQ(fake.received(), "READY=1\nSTATUS=serving");
  manager.reloading("reading");
  EXPECT_THAT(fake.received(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+\nSTATUS=reading"));
  manager.stopping("draining");
  EXPECT_EQ(fake.received(), "STOPPING=1\nSTATUS=draining");
  manager.alive();
  EXPECT_EQ(fake.received(), "WATCHDOG=1");
}

TEST(NotifySocket, AStatusIsOneLine) {
  FakeManager fake;
  NotifySocket(fake.address()).starting("model\nREADY=1");
  EXPECT_EQ(fake.received(), "STATUS=model READY=1");
}

TEST(NotifySocket, SaysNothingWhereNobodyListens) {
  const NotifySocket nobody("");
  nobody.ready("serving");
  nobody.alive();
}

TEST(NotifySocket, OutlivesItsManager) {
  std::optional<FakeManager> fake(std::in_place);
  const NotifySocket manager(fake->address());
  fake.reset();
  manager.alive();  // neither a signal nor an exception
}

TEST(NotifySocket, IsNotHeldUpByAManagerThatDoesNotRead) {
  FakeManager fake;
  const NotifySocket manager(fake.address());
  for (int i = 0; i < 20; ++i) manager.alive();  // the kernel queues net.unix.max_dgram_qlen of them, 10 by default
  EXPECT_EQ(fake.received(), "WATCHDOG=1");
}

TEST(NotifySocket, NamesAnAddressThatIsNone) {
  const auto connect = [](std::string_view address) { return [address] { NotifySocket manager(address); }; };
  EXPECT_THAT(connect("vsock:2:1"), ThrowsMessage<std::runtime_error>(HasSubstr("NOTIFY_SOCKET 'vsock:2:1'")));
  EXPECT_THAT(connect("/no/such/socket"), ThrowsMessage<std::runtime_error>(HasSubstr("No such file")));
  const std::string long_path = "/" + std::string(108, 'a');
  EXPECT_THAT(connect(long_path), ThrowsMessage<std::runtime_error>(HasSubstr("expected at most 107 bytes")));
}

}  // namespace
}  // namespace mobileclip::server
