#include "server/service_manager/passed_sockets.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace mobileclip::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

constexpr int kFirst = 200;  // 3 is taken in a test program

/// A socket at descriptor `number`.
class SocketAt {
 public:
  SocketAt(int number, int family, int type, bool listening) : number_(number) {
    const int socket = ::socket(family, type, 0);
    if (listening) ::listen(socket, 1);  // a TCP socket that is not bound takes any port
    ::dup2(socket, number_);
    ::close(socket);
  }
  ~SocketAt() { ::close(number_); }
  SocketAt(const SocketAt&) = delete;
  SocketAt& operator=(const SocketAt&) = delete;

 private:
  int number_;
};

Environment passing(int count) {
  return {{"LISTEN_PID", std::to_string(::getpid())}, {"LISTEN_FDS", std::to_string(count)}};
}

TEST(PassedSockets, NoneWithoutTheVariablesOrForAnotherProcess) {
  EXPECT_THAT(passed_sockets({}), IsEmpty());
  EXPECT_THAT(passed_sockets({{"LISTEN_FDS", "1"}}), IsEmpty());
  EXPECT_THAT(passed_sockets({{"LISTEN_PID", "1"}, {"LISTEN_FDS", "1"}}), IsEmpty());
  EXPECT_THAT(passed_sockets(passing(0)), IsEmpty());
}

TEST(PassedSockets, InTheirOrderAndClosedOnExec) {
  const SocketAt first(kFirst, AF_INET, SOCK_STREAM, /*listening=*/true);
  const SocketAt second(kFirst + 1, AF_INET6, SOCK_STREAM, /*listening=*/true);
  const std::vector<PassedSocket> sockets = passed_sockets(passing(2), kFirst);
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_EQ(sockets[0].descriptor, kFirst);
  EXPECT_EQ(sockets[0].family, AF_INET);
  EXPECT_EQ(sockets[1].descriptor, kFirst + 1);
  EXPECT_EQ(sockets[1].family, AF_INET6);
  for (const PassedSocket& socket : sockets) EXPECT_EQ(::fcntl(socket.descriptor, F_GETFD), FD_CLOEXEC);
}

TEST(PassedSockets, NamesWhatCannotBeListenedOn) {
  const auto pass_one = [] { passed_sockets(passing(1), kFirst); };
  const auto refused = ThrowsMessage<std::runtime_error>(HasSubstr("descriptor 200: expected a listening stream"));
  EXPECT_THAT(pass_one, ThrowsMessage<std::runtime_error>(HasSubstr("descriptor 200: Bad file descriptor")));
  {
    const SocketAt deaf(kFirst, AF_INET, SOCK_STREAM, /*listening=*/false);
    EXPECT_THAT(pass_one, refused);
  }
  {
    const SocketAt datagrams(kFirst, AF_UNIX, SOCK_DGRAM, /*listening=*/false);
    EXPECT_THAT(pass_one, refused);
  }
  EXPECT_THAT(
      [] {
        passed_sockets({{"LISTEN_PID", std::to_string(::getpid())}, {"LISTEN_FDS", "two"}});
      },
      ThrowsMessage<std::runtime_error>(HasSubstr("LISTEN_FDS: expected an integer of 0 or more, found 'two'")));
}

}  // namespace
}  // namespace mobileclip::server
