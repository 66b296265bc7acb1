// Waiting, in a coroutine, for work that other threads do.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "engine/base/deadline.h"
#include "engine/base/result.h"

namespace mobileclip::server {
namespace detail {

/// Resumes a suspended coroutine once: with a result or at the deadline, whichever is first. Touched on `executor`
/// only, but for complete().
template <typename T, typename Resume>
class Completion : public std::enable_shared_from_this<Completion<T, Resume>> {
 public:
  Completion(boost::asio::any_io_executor executor, Resume resume)
      : executor_(std::move(executor)), timer_(executor_), resume_(std::move(resume)) {}

  void expire_at(const Deadline& deadline) {
    if (deadline.at() == Deadline::Clock::time_point::max()) return;
    timer_.expires_at(deadline.at());
    timer_.async_wait([self = this->shared_from_this()](const boost::system::error_code& cancelled) {
      if (!cancelled) self->resume(Error{ErrorCode::kDeadlineExceeded, "the request took longer than its deadline"});
    });
  }

  /// From any thread.
  void complete(Result<T> result) {
    boost::asio::post(executor_, [self = this->shared_from_this(), result = std::move(result)]() mutable {
      self->resume(std::move(result));
    });
  }

 private:
  void resume(Result<T> result) {
    if (!resume_) return;
    timer_.cancel();
    Resume resume = *std::exchange(resume_, std::nullopt);
    std::move(resume)(std::move(result));
  }

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
  std::optional<Resume> resume_;
};

}  // namespace detail

/// Calls start(complete) and suspends until somebody, on any thread, calls complete(Result<T>) or the deadline passes
/// (kDeadlineExceeded; a later result is dropped). `start` may refuse by returning an Error, and must then never call
/// `complete`. Resumes on the coroutine's own executor. Whoever keeps `complete` lets go of it before the executor's
/// io_context goes.
template <typename T, typename Start>
boost::asio::awaitable<Result<T>> completion_of(Deadline deadline, Start start) {
  const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
  auto initiate = [executor, deadline](auto resume, Start begin) {
    using State = detail::Completion<T, decltype(resume)>;
    auto state = std::make_shared<State>(executor, std::move(resume));
    state->expire_at(deadline);
    std::optional<Error> refused = begin([state](Result<T> result) { state->complete(std::move(result)); });
    if (refused) state->complete(*std::move(refused));
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(Result<T>)>(
      std::move(initiate), boost::asio::use_awaitable, std::move(start));
}

/// Runs `work`, a callable that returns a Result, on `pool`, so that long parsing or serialising does not hold up other
/// connections. What it throws becomes an Error. The pool must be joined before the coroutine's frame can go.
template <typename Work, typename Outcome = std::invoke_result_t<Work&>>
boost::asio::awaitable<Outcome> run_on(boost::asio::any_io_executor pool, Work work) {
  using T = std::remove_cvref_t<decltype(std::declval<Outcome&>().value())>;
  auto guarded = [](Work& task) -> Outcome {
    try {
      return task();
    } catch (const std::bad_alloc&) {
      return Error{ErrorCode::kUnavailable, "out of memory"};
    } catch (const std::exception&) {
      return Error{ErrorCode::kInternal, "internal error"};
    }
  };
  auto start = [pool, guarded, work = std::move(work)](auto complete) mutable -> std::optional<Error> {
    boost::asio::post(
        pool, [guarded, work = std::move(work), complete = std::move(complete)]() mutable { complete(guarded(work)); });
    return std::nullopt;
  };
  co_return co_await completion_of<T>(Deadline::never(), std::move(start));
}

}  // namespace mobileclip::server
