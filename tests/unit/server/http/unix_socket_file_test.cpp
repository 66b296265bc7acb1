#include "server/http/unix_socket_file.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <optional>

namespace mobileclip::server {
namespace {

namespace fs = std::filesystem;
using boost::asio::local::stream_protocol;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class UnixSocketFileTest : public ::testing::Test {
 protected:
  UnixSocketFileTest() { fs::create_directory(folder_); }
  ~UnixSocketFileTest() override { fs::remove_all(folder_); }

  bool answers() {
    stream_protocol::socket socket(io_);
    boost::system::error_code error;
    socket.connect(stream_protocol::endpoint(path_.string()), error);
    return !error;
  }

  /// A server at `path_`.
  struct Listening {
    Listening(boost::asio::io_context& io, const fs::path& path) : file(std::in_place, path), acceptor(io) {
      acceptor.open();
      acceptor.bind(file->endpoint());
      file->set_permissions(fs::perms{0600});
      acceptor.listen();
    }
    std::optional<UnixSocketFile> file;
    stream_protocol::acceptor acceptor;
  };

  fs::path folder_ = fs::path(::testing::TempDir()) / ("uds" + std::to_string(::getpid()));
  fs::path path_ = folder_ / "s";
  boost::asio::io_context io_;
};

TEST_F(UnixSocketFileTest, HasItsNameFromPublishToItsEnd) {
  {
    Listening server(io_, path_);
    EXPECT_FALSE(fs::exists(path_));
    server.file->publish();
    EXPECT_TRUE(answers());
    EXPECT_EQ(fs::status(path_).permissions(), fs::perms{0600});
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(UnixSocketFileTest, LeavesNothingWhereItWasNeverPublished) {
  { const Listening server(io_, path_); }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(UnixSocketFileTest, ReplacesWhatADeadServerLeft) {
  { stream_protocol::acceptor dead(io_, stream_protocol::endpoint(path_.string())); }
  ASSERT_TRUE(fs::is_socket(path_));
  Listening server(io_, path_);
  server.file->publish();
  EXPECT_TRUE(answers());
}

TEST_F(UnixSocketFileTest, LeavesALiveServersSocketAlone) {
  Listening first(io_, path_);
  Listening late(io_, folder_ / "t");
  first.file->publish();
  EXPECT_THAT([&] { UnixSocketFile file(path_); },
              ThrowsMessage<std::runtime_error>(HasSubstr("another server listens there")));
  EXPECT_TRUE(answers());
}

TEST_F(UnixSocketFileTest, DoesNotRemoveWhatOthersPutInItsPlace) {
  {
    Listening server(io_, path_);
    server.file->publish();
    fs::remove(path_);
    std::ofstream(path_) << "somebody else's";
  }
  EXPECT_TRUE(fs::is_regular_file(path_));
}

TEST_F(UnixSocketFileTest, RefusesAnotherKindOfFileAndAPathTooLong) {
  std::ofstream(path_) << "data";
  EXPECT_THAT([&] { UnixSocketFile file(path_); }, ThrowsMessage<std::runtime_error>(HasSubstr("than a socket")));
  EXPECT_TRUE(fs::is_regular_file(path_));
  EXPECT_THAT([&] { UnixSocketFile file(folder_ / std::string(120, 'x')); },
              ThrowsMessage<std::runtime_error>(HasSubstr("expected a path of at most")));
}

}  // namespace
}  // namespace mobileclip::server
