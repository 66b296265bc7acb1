#include "server/http/completion.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace mobileclip::server {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Runs `task` to its end and returns what it returned.
template <typename T>
T run_to_end(asio::io_context& io, asio::awaitable<T> task) {
  std::optional<T> outcome;
  asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& failure, T value) {
    if (failure) std::rethrow_exception(failure);
    outcome = std::move(value);
  });
  io.run();
  return *std::move(outcome);
}

using Complete = std::function<void(Result<std::string>)>;

asio::awaitable<std::string> describe(Deadline deadline, std::function<std::optional<Error>(Complete)> start) {
  const auto caller = std::this_thread::get_id();
  Result<std::string> result = co_await completion_of<std::string>(deadline, std::move(start));
  EXPECT_EQ(std::this_thread::get_id(), caller) << "resumed on another thread than the connection's";
  co_return result ? *result : "error: " + result.error().message;
}

TEST(Completion, ResumesWithWhatAnotherThreadGives) {
  asio::io_context io;
  const auto work = asio::make_work_guard(io);
  std::jthread other;
  const auto start = [&](Complete complete) -> std::optional<Error> {
    other = std::jthread([&io, complete = std::move(complete)] {
      std::this_thread::sleep_for(5ms);
      complete(std::string("done"));
      asio::post(io, [&io] { io.stop(); });
    });
    return std::nullopt;
  };
  EXPECT_EQ(run_to_end(io, describe(Deadline::never(), start)), "done");
}

TEST(Completion, ResumesWhenCompletedAtOnce) {
  asio::io_context io;
  const auto start = [](const Complete& complete) -> std::optional<Error> {
    complete(std::string("at once"));
    return std::nullopt;
  };
  EXPECT_EQ(run_to_end(io, describe(Deadline::never(), start)), "at once");
}

TEST(Completion, ReportsARefusal) {
  asio::io_context io;
  const auto start = [](const Complete&) { return std::optional(Error{ErrorCode::kOverloaded, "full"}); };
  EXPECT_EQ(run_to_end(io, describe(Deadline::never(), start)), "error: full");
}

TEST(Completion, GivesUpAtTheDeadlineAndDropsWhatComesLater) {
  asio::io_context io;
  Complete kept;
  const auto start = [&](Complete complete) -> std::optional<Error> {
    kept = std::move(complete);
    return std::nullopt;
  };
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(run_to_end(io, describe(Deadline::after(20ms), start)), "error: the request took longer than its deadline");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 20ms);
  kept(std::string("late"));
  io.restart();
  io.run();
}

TEST(RunOn, RunsElsewhereAndTurnsExceptionsIntoErrors) {
  asio::io_context io;
  asio::thread_pool pool(1);
  const auto outcome = [&](std::function<Result<std::string>()> work) {
    io.restart();
    const auto guard = asio::make_work_guard(io);
    auto task = [&]() -> asio::awaitable<std::string> {
      Result<std::string> result = co_await run_on(pool.get_executor(), work);
      io.stop();
      co_return result ? *result : "error: " + result.error().message;
    };
    return run_to_end(io, task());
  };
  const auto caller = std::this_thread::get_id();
  EXPECT_EQ(outcome([&]() -> Result<std::string> {
              return std::string(std::this_thread::get_id() == caller ? "here" : "there");
            }),
            "there");
  EXPECT_EQ(outcome([]() -> Result<std::string> { throw std::bad_alloc(); }), "error: out of memory");
  EXPECT_EQ(outcome([]() -> Result<std::string> { throw std::runtime_error("secret"); }), "error: internal error");
}

}  // namespace
}  // namespace mobileclip::server
