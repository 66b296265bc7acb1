#include "bench/load/load_client.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>

namespace mobileclip::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostOutstanding = 4096;
constexpr unsigned kTooManyRequests = 429;
constexpr unsigned kGatewayTimeout = 504;

struct Answer {
  unsigned status;
  std::string body;
};

class Connection {
 public:
  explicit Connection(asio::io_context& io) : stream_(io) {}

  asio::awaitable<void> connect(const Endpoint& server) {
    co_await stream_.async_connect(asio::ip::tcp::endpoint(asio::ip::make_address(server.host), server.port),
                                   asio::use_awaitable);
    stream_.socket().set_option(asio::ip::tcp::no_delay(true));
  }

  asio::awaitable<Answer> ask(const Workload& work, std::size_t index) {
    http::request<http::span_body<const char>> request(http::verb::post, work.path, 11);
    request.set(http::field::host, "bench");
    request.set(http::field::content_type, work.content_type);
    request.body() = {work.bodies[index].data(), work.bodies[index].size()};
    request.prepare_payload();
    co_await http::async_write(stream_, request, asio::use_awaitable);
    http::response<http::string_body> response;
    co_await http::async_read(stream_, buffer_, response, asio::use_awaitable);
    co_return Answer{response.result_int(), std::move(response.body())};
  }

 private:
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
};

[[noreturn]] void fail(const Workload& work, const Answer& answer, const std::string& what) {
  throw std::runtime_error(work.path + ": " + what + ", found status " + std::to_string(answer.status) + " and " +
                           answer.body.substr(0, 200));
}

void check(const Workload& work, std::size_t index, const Answer& answer) {
  if (answer.status != 200) fail(work, answer, "expected status 200");
  if (answer.body != work.golden[index]) fail(work, answer, "expected the answer it gave to this request alone");
}

/// A running stream.
class Load {
 public:
  Load(asio::io_context& io, const Endpoint& server, const Stream& stream, Clock::time_point end)
      : io_(io), server_(server), stream_(stream), end_(end) {}

  void start(const std::function<void(std::exception_ptr)>& ended) {
    if (stream_.rate > 0) {
      asio::co_spawn(io_, arrivals(ended), ended);
    } else {
      for (std::size_t i = 0; i < stream_.connections; ++i) asio::co_spawn(io_, in_turn(), ended);
    }
  }

  StreamResult finish() {
    latencies_.sort();
    refusals_.sort();
    return {.latencies = std::move(latencies_),
            .refusals = std::move(refusals_),
            .expired = expired_,
            .seconds = std::chrono::duration<double>(last_ - begun_).count()};
  }

 private:
  asio::awaitable<void> in_turn() {
    Connection connection(io_);
    co_await connection.connect(server_);
    while (Clock::now() < end_) {
      const Clock::time_point sent = Clock::now();
      co_await measured(connection, sent);
    }
  }

  asio::awaitable<void> arrivals(std::function<void(std::exception_ptr)> ended) {
    std::mt19937_64 random(1);
    std::exponential_distribution<double> gap(stream_.rate);
    asio::steady_timer timer(io_);
    std::chrono::duration<double> due{0};
    while (true) {
      due += std::chrono::duration<double>(gap(random));
      const Clock::time_point moment = begun_ + std::chrono::duration_cast<Clock::duration>(due);
      if (moment >= end_) co_return;
      timer.expires_at(moment);
      co_await timer.async_wait(asio::use_awaitable);
      if (++outstanding_ > kMostOutstanding)
        throw std::runtime_error("the server does not keep up with " + std::to_string(stream_.rate) + " requests/s");
      asio::co_spawn(io_, on_any_connection(moment), ended);
    }
  }

  asio::awaitable<void> on_any_connection(Clock::time_point due) {
    std::unique_ptr<Connection> connection;
    if (idle_.empty()) {
      connection = std::make_unique<Connection>(io_);
      co_await connection->connect(server_);
    } else {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    co_await measured(*connection, due);
    idle_.push_back(std::move(connection));
    --outstanding_;
  }

  asio::awaitable<void> measured(Connection& connection, Clock::time_point since) {
    const std::size_t index = next_++ % stream_.work->bodies.size();
    const Answer answer = co_await connection.ask(*stream_.work, index);
    const Clock::time_point now = Clock::now();
    if (stream_.may_refuse && answer.status == kTooManyRequests) co_return refusals_.add(now - since);
    if (stream_.may_refuse && answer.status == kGatewayTimeout) co_return static_cast<void>(++expired_);
    last_ = now;
    latencies_.add(last_ - since);
    check(*stream_.work, index, answer);
  }

  asio::io_context& io_;
  const Endpoint& server_;
  const Stream stream_;
  const Clock::time_point begun_ = Clock::now();
  const Clock::time_point end_;
  Clock::time_point last_ = begun_;
  Latencies latencies_;
  Latencies refusals_;
  std::size_t expired_ = 0;
  std::size_t next_ = 0;
  std::size_t outstanding_ = 0;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace

std::vector<float> embedding_in(const std::string& answer) {
  return nlohmann::json::parse(answer).at("embeddings").at(0).get<std::vector<float>>();
}

void record_golden(const Endpoint& server, Workload& work, int dimensions) {
  asio::io_context io;
  auto ask_all = [&]() -> asio::awaitable<void> {
    Connection connection(io);
    co_await connection.connect(server);
    for (std::size_t i = 0; i < work.bodies.size(); ++i) {
      Answer answer = co_await connection.ask(work, i);
      if (answer.status != 200) fail(work, answer, "expected status 200");
      if (embedding_in(answer.body).size() != static_cast<std::size_t>(dimensions))
        fail(work, answer, "expected " + std::to_string(dimensions) + " values");
      work.golden.push_back(std::move(answer.body));
    }
  };
  std::exception_ptr failure;
  asio::co_spawn(io, ask_all(), [&failure](std::exception_ptr error) { failure = std::move(error); });
  io.run();
  if (failure) std::rethrow_exception(failure);
}

std::vector<StreamResult> run_load(const Endpoint& server, const std::vector<Stream>& streams,
                                   std::chrono::duration<double> duration) {
  asio::io_context io;
  std::exception_ptr failure;
  const auto ended = [&](std::exception_ptr error) {
    if (!error) return;
    if (!failure) failure = std::move(error);
    io.stop();
  };
  const Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(duration);
  std::vector<std::unique_ptr<Load>> loads;
  for (const Stream& stream : streams) loads.push_back(std::make_unique<Load>(io, server, stream, end));
  for (const auto& load : loads) load->start(ended);
  io.run();
  if (failure) std::rethrow_exception(failure);
  std::vector<StreamResult> results;
  for (const auto& load : loads) results.push_back(load->finish());
  return results;
}

}  // namespace mobileclip::bench
