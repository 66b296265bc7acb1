// What all streams together may have in the engine, so that ordinary requests never wait behind more than that.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "engine/base/result.h"

namespace mobileclip::server {

/// Bounded by items and by bytes; streams take turns, first come, first served. Thread-safe.
class BulkShare : public std::enable_shared_from_this<BulkShare> {
 public:
  /// An item's place; gives it back when it goes. From any thread.
  class Permit {
   public:
    Permit(std::shared_ptr<BulkShare> share, std::size_t bytes) : share_(std::move(share)), bytes_(bytes) {}
    ~Permit() {
      if (share_) share_->give_back(bytes_);
    }
    Permit(Permit&&) = default;
    Permit& operator=(Permit&&) = delete;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;

   private:
    std::shared_ptr<BulkShare> share_;
    std::size_t bytes_;
  };

  /// An item of more than `max_bytes` is taken when it is alone.
  BulkShare(std::size_t max_items, std::size_t max_bytes) : max_items_(max_items), max_bytes_(max_bytes) {}

  /// Waits for the item's turn.
  boost::asio::awaitable<Permit> take(std::size_t bytes);

 private:
  struct Waiting {
    std::size_t bytes;
    std::function<void(Result<Permit>)> resume;
  };

  void give_back(std::size_t bytes);
  /// Hands out what is free; the lock is not held.
  void serve_waiting();
  [[nodiscard]] bool fits(std::size_t bytes) const;

  const std::size_t max_items_;
  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::size_t items_ = 0;
  std::size_t bytes_ = 0;
  std::deque<Waiting> waiting_;
};

}  // namespace mobileclip::server
