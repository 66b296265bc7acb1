#include "server/service_manager/variables.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <stdexcept>

namespace mobileclip::server {
namespace {

using std::chrono::microseconds;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const std::string kThisProcess = std::to_string(::getpid());

TEST(WatchdogTimeout, IsForTheProcessItNames) {
  EXPECT_EQ(watchdog_timeout({}), std::nullopt);
  EXPECT_EQ(watchdog_timeout({{"WATCHDOG_USEC", "30000000"}}), microseconds(30'000'000));
  EXPECT_EQ(watchdog_timeout({{"WATCHDOG_USEC", "1"}, {"WATCHDOG_PID", kThisProcess}}), microseconds(1));
  EXPECT_EQ(watchdog_timeout({{"WATCHDOG_USEC", "1"}, {"WATCHDOG_PID", "1"}}), std::nullopt);
}

TEST(WatchdogTimeout, NamesAValueThatIsNone) {
  for (const char* value : {"0", "-1", "30s", "99999999999999999999"}) {
    EXPECT_THAT(
        [&] {
          watchdog_timeout({{"WATCHDOG_USEC", value}});
        },
        ThrowsMessage<std::runtime_error>(
            HasSubstr("WATCHDOG_USEC: expected an integer of 1 or more, found '" + std::string(value) + "'")));
  }
}

}  // namespace
}  // namespace mobileclip::server
