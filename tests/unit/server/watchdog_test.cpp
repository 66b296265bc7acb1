#include "server/watchdog.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "tests/unit/server/service_manager/fake_manager.h"

namespace mobileclip::server {
namespace {

TEST(KeepAlive, FallsSilentOnceNothingIsHealthy) {
  FakeManager fake;
  const NotifySocket manager(fake.address());
  boost::asio::io_context io;
  int asked = 0;
  boost::asio::co_spawn(io, keep_alive(manager, std::chrono::milliseconds(2), [&] { return ++asked <= 3; }),
                        boost::asio::detached);
  io.run();  // to the end: nothing is left to wait for
  EXPECT_EQ(asked, 4);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fake.received(), "WATCHDOG=1");
  EXPECT_EQ(fake.received(), "");
}

}  // namespace
}  // namespace mobileclip::server
