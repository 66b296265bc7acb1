// Sessions over real sockets, with handlers that do nothing but what the test wants.
#include "server/http/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "server/http/listener.h"
#include "server/http/responses.h"
#include "server/http/stream_exchange.h"

namespace mobileclip::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

ServerConfig short_limits() {
  ServerConfig config;
  config.max_body_bytes = 100'000;
  config.header_timeout = 150ms;
  config.body_timeout = 150ms;
  config.idle_timeout = 300ms;
  config.write_timeout = 500ms;
  config.max_connections = 8;
  return config;
}

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    router_.add("/echo", {.method = "POST",
                          .kind = EndpointKind::kWork,
                          .handler = [](const Request& r, RequestScope&) { return echo(r); }});
    router_.add("/get", {.method = "GET", .kind = EndpointKind::kControl, .handler = [](const Request&, RequestScope&) {
                           return hello();
                         }});
    router_.add("/throw", {.method = "GET",
                           .kind = EndpointKind::kControl,
                           .handler = [](const Request&, RequestScope&) { return fail(); }});
    router_.add("/exhaust", {.method = "GET",
                             .kind = EndpointKind::kControl,
                             .handler = [](const Request&, RequestScope&) { return exhaust(); }});
    router_.add("/exhaust", {.method = "POST",
                             .kind = EndpointKind::kStream,
                             .handler = {},
                             .stream = [](const Request&, RequestScope&, StreamExchange&) { return exhaust_stream(); }});
    router_.add("/wait",
                {.method = "POST", .kind = EndpointKind::kWork, .handler = [this](const Request& r, RequestScope&) {
                   return wait_until_abandoned(r, noticed_);
                 }});
    router_.add("/stream", {.method = "POST",
                            .kind = EndpointKind::kStream,
                            .handler = {},
                            .stream = [](const Request&, RequestScope&, StreamExchange& exchange) {
                              return echo_pieces(exchange);
                            }});
    listener_.listen();
    asio::co_spawn(io_, listener_.run(context_), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }

  ~SessionTest() override {
    io_.stop();
    thread_.join();
  }

  static asio::awaitable<Response> echo(const Request& request) {
    co_return text_response(*request.body, "text/plain");
  }
  static asio::awaitable<std::optional<Response>> echo_pieces(StreamExchange& exchange) {
    const bool begun = co_await exchange.begin(text_response("", "text/plain"));
    for (bool more = begun; more;) {
      auto piece = co_await exchange.read_some();
      const auto* bytes = std::get_if<std::string>(&piece);
      const auto* failed = std::get_if<ReadFailure>(&piece);
      more = bytes != nullptr && !bytes->empty();
      std::string reply = more ? *bytes : std::string();
      if (failed != nullptr && failed->answer) reply = std::string(failed->answer->code);
      if (reply.empty()) continue;
      const bool written = co_await exchange.write(std::move(reply));
      more = more && written;
    }
    co_await exchange.end();
    co_return std::nullopt;
  }
  static asio::awaitable<Response> hello() { co_return text_response("hello", "text/plain"); }
  static asio::awaitable<Response> fail() {
    throw std::runtime_error("secret");
    co_return Response{};
  }
  static asio::awaitable<Response> exhaust() {
    throw std::bad_alloc();
    co_return Response{};
  }
  static asio::awaitable<std::optional<Response>> exhaust_stream() {
    throw std::bad_alloc();
    co_return std::nullopt;
  }
  static asio::awaitable<Response> wait_until_abandoned(const Request& request, std::atomic<bool>& noticed) {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (int i = 0; i < 200 && !*request.abandoned; ++i) {
      timer.expires_after(5ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    noticed = request.abandoned->load();
    co_return text_response("waited", "text/plain");
  }

  tcp::socket connect() {
    const std::string url = listener_.url();
    tcp::socket socket(client_io_);
    socket.connect(
        {asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)))});
    return socket;
  }

  static std::string read_to_end(tcp::socket& socket) {
    std::string text;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(text), error);
    EXPECT_EQ(error, asio::error::eof) << error.message();
    return text;
  }

  /// Sends everything, then reads until the server closes.
  std::string exchange(std::string_view request) {
    tcp::socket socket = connect();
    boost::system::error_code ignored;
    asio::write(socket, asio::buffer(request), ignored);
    return read_to_end(socket);
  }

  static std::string post(const std::string& body, const std::string& path = "/echo", const std::string& headers = "") {
    return "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  static std::size_t responses_in(const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = text.find("HTTP/1.1 "); at != std::string::npos; at = text.find("HTTP/1.1 ", at + 1)) ++count;
    return count;
  }

  ServerConfig config_ = short_limits();
  Router router_;
  Lifecycle lifecycle_;
  ConnectionTable connections_;
  BodyBudget bodies_{400'000};
  AccessControl access_;
  Cors cors_;
  Admission admission_{lifecycle_, bodies_, config_.max_body_bytes};
  Metrics metrics_{{"/echo", "/get", "/throw", "/exhaust", "/wait", "/stream"}};
  std::atomic<bool> noticed_{false};
  asio::io_context io_;
  asio::io_context client_io_;
  asio::thread_pool workers_{1};
  SessionContext context_{.config = config_,
                          .router = router_,
                          .access = access_,
                          .cors = cors_,
                          .admission = admission_,
                          .bodies = bodies_,
                          .metrics = metrics_,
                          .lifecycle = lifecycle_,
                          .connections = connections_,
                          .access_log = nullptr,
                          .workers = workers_.get_executor()};
  Listener listener_{io_, "127.0.0.1", 0};
  std::thread thread_;
};

constexpr const char* kClose = "Connection: close\r\n";

TEST_F(SessionTest, AnswersWithTheUsualHeaders) {
  const std::string text = exchange("GET /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  for (const char* header : {"\r\nServer: mobileclip-server/", "\r\nDate: ", "\r\nContent-Type: text/plain\r\n",
                             "\r\nContent-Length: 5\r\n", "\r\nConnection: close\r\n"}) {
    EXPECT_THAT(text, HasSubstr(header));
  }
  EXPECT_TRUE(text.ends_with("\r\n\r\nhello"));
}

TEST_F(SessionTest, HeadHasTheLengthAndNoBody) {
  const std::string text = exchange("HEAD /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(text, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST_F(SessionTest, OptionsHasNoBodyAndNoLength) {
  const std::string text = exchange("OPTIONS /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 204 "));
  EXPECT_THAT(text, HasSubstr("Allow: POST, OPTIONS\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("Content-Length")));
}

TEST_F(SessionTest, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
  const std::string text = exchange(post("one") + "\r\n" + post("two") + post("three", "/echo", kClose));
  EXPECT_EQ(responses_in(text), 3u);
  EXPECT_LT(text.find("\r\n\r\none"), text.find("\r\n\r\ntwo"));
  EXPECT_LT(text.find("\r\n\r\ntwo"), text.find("\r\n\r\nthree"));
}

TEST_F(SessionTest, CompressesWhereAskedAndWorthIt) {
  const std::string large(20'000, 'x');
  const std::string gzipped = exchange(post(large, "/echo", "Connection: close\r\nAccept-Encoding: gzip, br\r\n"));
  EXPECT_THAT(gzipped, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_THAT(gzipped, HasSubstr("Vary: Accept-Encoding\r\n"));
  EXPECT_LT(gzipped.size(), 1000u);
  const std::string refused = exchange(post(large, "/echo", "Connection: close\r\nAccept-Encoding: gzip;q=0\r\n"));
  EXPECT_THAT(refused, HasSubstr("Vary: Accept-Encoding\r\n"));
  EXPECT_THAT(refused, HasSubstr(large));
  EXPECT_THAT(exchange(post("small", "/echo", "Connection: close\r\nAccept-Encoding: gzip\r\n")),
              HasSubstr("\r\n\r\nsmall"));
}

TEST_F(SessionTest, StreamsAnswerWhileTheyAreRead) {
  tcp::socket socket = connect();
  asio::write(socket, asio::buffer(std::string("POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                               "3\r\nabc\r\n")));
  std::string text;
  asio::read_until(socket, asio::dynamic_buffer(text), "3\r\nabc\r\n");
  EXPECT_THAT(text, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(text, HasSubstr("Connection: close\r\n"));
  asio::write(socket, asio::buffer(std::string("2\r\nde\r\n0\r\n\r\n")));
  EXPECT_THAT(read_to_end(socket), ::testing::EndsWith("2\r\nde\r\n0\r\n\r\n"));
}

TEST_F(SessionTest, AStreamsBodyMayBeOfAnyLengthButNotSilent) {
  const std::string body(300'000, '#');  // max_body_bytes is a third of it
  const std::string whole = exchange(post(body, "/stream"));
  EXPECT_EQ(std::count(whole.begin(), whole.end(), '#'), 300'000);
  EXPECT_THAT(exchange("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"), HasSubstr("timeout"));
  EXPECT_THAT(exchange("POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
              HasSubstr("malformed_request"));
  EXPECT_THAT(exchange("POST /stream HTTP/1.0\r\nContent-Length: 2\r\n\r\nab"), ::testing::EndsWith("\r\n\r\nab"));
}

TEST_F(SessionTest, Http10ClosesUnlessAskedToKeep) {
  EXPECT_THAT(exchange("GET /get HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.0 200"));
  const std::string text = exchange("GET /get HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /get HTTP/1.0\r\n\r\n");
  EXPECT_THAT(text, HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_NE(text.find("HTTP/1.0 200"), text.rfind("HTTP/1.0 200"));
}

TEST_F(SessionTest, ReadsChunkedBodies) {
  EXPECT_THAT(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                       "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"),
              HasSubstr("\r\n\r\nabcde"));
}

TEST_F(SessionTest, RefusesWhatIsNotHttpOnceAndCloses) {
  for (const char* bad : {"nonsense\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET /get HTTP/1.1\r\n\r\n",
                          "GET /get HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", "GET /get HTTP/1.1\nHost: a\n\n",
                          "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n"}) {
    const std::string text = exchange(std::string(bad) + "GET /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(text, StartsWith("HTTP/1.1 400 ")) << bad;
    EXPECT_EQ(responses_in(text), 1u) << bad;
  }
}

TEST_F(SessionTest, WhatSurroundsAChunkIsBounded) {
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string extensions;
  for (int i = 0; i < 100; ++i) extensions += "1;" + std::string(100, 'x') + "\r\na\r\n";
  for (const std::string& body :
       {"1;" + std::string(60'000, 'x') + "\r\na\r\n", extensions, std::string(1'000, '0') + "1\r\na\r\n",
        "0\r\nX: " + std::string(60'000, 'x') + "\r\n", std::string("1;x\n\r\na\r\n"), std::string("1\r\nab\r\n")}) {
    const std::string text =
        exchange(head + body + "0\r\n\r\nGET /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(text, StartsWith("HTTP/1.1 400 "));
    EXPECT_EQ(responses_in(text), 1u);
    EXPECT_THAT(text, HasSubstr("Connection: close\r\n"));
  }
}

TEST_F(SessionTest, TrailersAndTheNextRequestDoNotMix) {
  const std::string text = exchange(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n" +
      post("de", "/echo", kClose));
  EXPECT_EQ(responses_in(text), 2u);
  EXPECT_LT(text.find("\r\n\r\nabc"), text.find("\r\n\r\nde"));
}

TEST_F(SessionTest, BodiesTogetherAreBounded) {
  BodyBudget::Lease others(bodies_);
  ASSERT_TRUE(others.grow_to(350'000));
  const std::string announced = exchange(post(std::string(60'000, 'x')));
  EXPECT_THAT(announced, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(announced, HasSubstr("Retry-After: "));
  const std::string chunk = "7530\r\n" + std::string(30'000, 'x') + "\r\n";
  const std::string chunked =
      exchange("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "0\r\n\r\n");
  EXPECT_THAT(chunked, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(exchange(post(std::string(40'000, 'x'), "/echo", kClose)), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(bodies_.free(), 50'000u) << "every body gives back what it held";
}

TEST_F(SessionTest, TheOldestIdleConnectionMakesRoom) {
  std::vector<tcp::socket> idle;
  for (std::size_t i = 0; i < config_.max_connections; ++i) {
    idle.push_back(connect());
    asio::write(idle.back(), asio::buffer(std::string("GET /get HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")));
    std::string answer;
    asio::read_until(idle.back(), asio::dynamic_buffer(answer), "hello");
  }
  EXPECT_THAT(exchange("GET /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(read_to_end(idle.front()), "") << "closed without a word";
  asio::write(idle.back(), asio::buffer(std::string("GET /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")));
  EXPECT_THAT(read_to_end(idle.back()), StartsWith("HTTP/1.1 200 ")) << "the youngest is still there";
}

TEST_F(SessionTest, ConnectionsAtWorkAreNotClosedForOthers) {
  std::vector<tcp::socket> busy;
  for (std::size_t i = 0; i < config_.max_connections; ++i) {
    busy.push_back(connect());
    asio::write(busy.back(), asio::buffer(post("x", "/wait", kClose)));
  }
  for (int i = 0; i < 200 && lifecycle_.in_flight() < busy.size(); ++i) std::this_thread::sleep_for(5ms);
  ASSERT_EQ(lifecycle_.in_flight(), busy.size());
  EXPECT_THAT(exchange("GET /get HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 503 "));
  for (tcp::socket& socket : busy) EXPECT_THAT(read_to_end(socket), StartsWith("HTTP/1.1 200 "));
}

TEST_F(SessionTest, LimitsTheHead) {
  EXPECT_THAT(exchange("GET /" + std::string(10'000, 'a')), StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(exchange("GET /" + std::string(5'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
              StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(exchange("GET /get HTTP/1.1\r\nHost: a\r\nX: " + std::string(10'000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
}

TEST_F(SessionTest, AClientThatSendsTooMuchReadsWhy) {
  const std::string announced = exchange(post(std::string(5'000'000, 'x')));
  EXPECT_THAT(announced, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(announced, HasSubstr("Connection: close"));
  std::string chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 50; ++i) chunked += "10000\r\n" + std::string(65536, 'x') + "\r\n";
  EXPECT_THAT(exchange(chunked + "0\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(exchange(post(std::string(100'000, 'x'), "/echo", kClose)), StartsWith("HTTP/1.1 200 "));
}

TEST_F(SessionTest, ContinueIsSaidOnlyToThoseWhoMayGoOn) {
  tcp::socket socket = connect();
  asio::write(
      socket,
      asio::buffer(std::string(
          "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n")));
  std::string interim(25, '\0');
  asio::read(socket, asio::buffer(interim));
  EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
  asio::write(socket, asio::buffer(std::string("abc")));
  EXPECT_THAT(read_to_end(socket), HasSubstr("\r\n\r\nabc"));

  const std::string refused =
      exchange("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 200000\r\n\r\n");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 413 "));
}

TEST_F(SessionTest, SlowClientsAreToldAndIdleOnesClosed) {
  EXPECT_THAT(exchange("GET /get HTTP/1.1\r\nHost:"), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(exchange(""), "");
  const std::string kept = exchange(post("one"));
  EXPECT_EQ(responses_in(kept), 1u);
}

TEST_F(SessionTest, TheHeadsLimitIsAbsolute) {
  tcp::socket socket = connect();
  const auto begun = std::chrono::steady_clock::now();
  boost::system::error_code error;
  for (const char c : std::string("GET /get HTTP/1.1\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy")) {
    asio::write(socket, asio::buffer(&c, 1), error);
    if (error) break;
    std::this_thread::sleep_for(10ms);
  }
  std::string text;
  asio::read(socket, asio::dynamic_buffer(text), error);
  EXPECT_THAT(text, StartsWith("HTTP/1.1 408 "));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

TEST_F(SessionTest, AHandlersExceptionIsOursToKeep) {
  const std::string text = exchange("GET /throw HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(text, Not(HasSubstr("secret")));
}

TEST_F(SessionTest, OutOfMemoryIsNoFault) {
  for (const std::string request : {"GET /exhaust HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                                    "POST /exhaust HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"}) {
    const std::string text = exchange(request);
    EXPECT_THAT(text, StartsWith("HTTP/1.1 503 ")) << request;
    EXPECT_THAT(text, HasSubstr("out of memory")) << request;
  }
}

TEST_F(SessionTest, NoticesAClientThatLeaves) {
  {
    tcp::socket socket = connect();
    asio::write(socket, asio::buffer(post("x", "/wait")));
    std::this_thread::sleep_for(30ms);
  }
  for (int i = 0; i < 200 && !noticed_; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(noticed_);
}

TEST_F(SessionTest, ClosesAfterTheAnswerWhileLeaving) {
  lifecycle_.leave();
  EXPECT_THAT(exchange(post("one") + post("two")), HasSubstr("Connection: close\r\n"));
  lifecycle_.refuse();
  EXPECT_THAT(exchange(post("one")), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(exchange("GET /get HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(SessionTest, CountsEveryOutcome) {
  exchange(post("one", "/echo", kClose));
  exchange("nonsense\r\n\r\n");
  exchange("GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  connect().close();
  for (int i = 0; i < 200 && lifecycle_.in_flight() > 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(lifecycle_.in_flight(), 0u);
  const std::string text = metrics_.render();
  EXPECT_THAT(text, HasSubstr("mobileclip_requests_total{route=\"/echo\",status=\"200\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("mobileclip_requests_total{route=\"other\",status=\"400\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("mobileclip_requests_total{route=\"other\",status=\"404\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("mobileclip_requests_in_flight 0\n"));
}

}  // namespace
}  // namespace mobileclip::server
