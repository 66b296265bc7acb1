// Running one stage of a request: measured, and off the connections' thread where it is long.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <utility>

#include "server/handlers/handler_context.h"
#include "server/http/completion.h"
#include "server/http/request_scope.h"

namespace mobileclip::server {

/// Up to this many bytes of JSON are read or written in less time than a change of threads is worth.
inline constexpr std::size_t kInlineBytes = 64 * 1024;

/// Runs `work`, a callable that returns a Result; `bytes` is about what it reads or writes.
template <typename Work, typename Outcome = std::invoke_result_t<Work&>>
boost::asio::awaitable<Outcome> run_stage(const HandlerContext& context, RequestScope& scope, RequestStage stage,
                                          std::size_t bytes, Work work) {
  const auto timer = scope.time(stage);
  if (bytes <= kInlineBytes) co_return work();
  co_return co_await run_on(context.workers, std::move(work));
}

}  // namespace mobileclip::server
