#include "server/handlers/bulk_share.h"

#include "server/http/completion.h"

namespace mobileclip::server {

boost::asio::awaitable<BulkShare::Permit> BulkShare::take(std::size_t bytes) {
  auto wait = [this, bytes](auto resume) -> std::optional<Error> {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({.bytes = bytes, .resume = std::move(resume)});
    }
    serve_waiting();
    return std::nullopt;
  };
  Result<Permit> permit = co_await completion_of<Permit>(Deadline::never(), std::move(wait));
  co_return std::move(permit).value();
}

void BulkShare::give_back(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    --items_;
    bytes_ -= bytes;
  }
  serve_waiting();
}

void BulkShare::serve_waiting() {
  for (;;) {
    Waiting next;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty() || !fits(waiting_.front().bytes)) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      ++items_;
      bytes_ += next.bytes;
    }
    next.resume(Permit(shared_from_this(), next.bytes));
  }
}

bool BulkShare::fits(std::size_t bytes) const {
  return items_ == 0 || (items_ < max_items_ && bytes <= max_bytes_ - std::min(max_bytes_, bytes_));
}

}  // namespace mobileclip::server
