#include "server/http/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

namespace mobileclip::server {
namespace {

using boost::asio::io_context;
using boost::asio::ip::tcp;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::uint16_t port_of(const std::string& url) {
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

TEST(Listener, NamesItsUrl) {
  io_context io;
  EXPECT_THAT(Listener(io, "127.0.0.1", 0).url(), StartsWith("http://127.0.0.1:"));
  EXPECT_NE(port_of(Listener(io, "127.0.0.1", 0).url()), 0);
}

TEST(Listener, RefusesConnectionsUntilItListens) {
  io_context io;
  Listener listener(io, "127.0.0.1", 0);
  const tcp::endpoint endpoint(boost::asio::ip::make_address("127.0.0.1"), port_of(listener.url()));
  tcp::socket early(io);
  boost::system::error_code error;
  early.connect(endpoint, error);
  EXPECT_EQ(error, boost::asio::error::connection_refused);
  listener.listen();
  tcp::socket later(io);
  later.connect(endpoint, error);
  EXPECT_FALSE(error) << error.message();
}

TEST(Listener, SaysThatThePortIsInUse) {
  io_context io;
  Listener first(io, "127.0.0.1", 0);
  first.listen();
  const std::uint16_t port = port_of(first.url());
  try {
    Listener second(io, "127.0.0.1", port);
    FAIL() << "bound a port in use";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("127.0.0.1:" + std::to_string(port)));
    EXPECT_THAT(error.what(), HasSubstr("in use"));
  }
  EXPECT_THROW(Listener(io, "no.such.host.invalid", 1), std::runtime_error);
}

TEST(Listener, ServesOnASocketThatListensAlready) {
  io_context io;
  tcp::acceptor passed(io, tcp::endpoint(boost::asio::ip::address_v6::loopback(), 0));
  const tcp::endpoint endpoint = passed.local_endpoint();
  tcp::socket early(io);
  early.connect(endpoint);
  Listener listener(io, PassedSocket{.descriptor = passed.release(), .family = AF_INET6});
  EXPECT_EQ(listener.url(), "http://[::1]:" + std::to_string(endpoint.port()));
  listener.listen();
  tcp::socket later(io);
  later.connect(endpoint);
}

}  // namespace
}  // namespace mobileclip::server
