// The open connections that wait for their clients, so that one of them can make room when there are too many: a
// client that does nothing must not keep out those that want something.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>

namespace mobileclip::server {

/// What a connection waits for its client to do, in the order in which such connections are closed.
enum class ClientWait {
  kRequest,  ///< to begin a request
  kHead,     ///< to go on with what it has begun to send
  kBody,
  kAnswer,  ///< to take its answer
};

/// Thread-safe. Outlives its entries.
class ConnectionTable {
 public:
  /// A client that is sending or reading has at least `patience` before its connection can be closed for others.
  explicit ConnectionTable(std::chrono::milliseconds patience = std::chrono::seconds(1)) : patience_(patience) {}
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  /// One connection, while it is open.
  class Entry {
   public:
    explicit Entry(ConnectionTable& table) : table_(table) { ++table_.size_; }
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    /// From now on `close` may be called, once, from any thread; it must not block or call back.
    void waits(ClientWait wait, std::function<void()> close);
    void works();  ///< the client waits for us: `close` is not called any more

   private:
    friend class ConnectionTable;
    ConnectionTable& table_;
    std::function<void()> close_;
    std::chrono::steady_clock::time_point since_;
    std::list<Entry*>* waiting_ = nullptr;  // the list that `position_` is in
    std::list<Entry*>::iterator position_;
    void leave();  // the table's lock is held
  };

  /// Closes the connection that has waited longest among those that wait for the first thing in ClientWait's order.
  /// False where every connection is at work, or has waited too short a time.
  bool close_one();

  [[nodiscard]] std::size_t size() const { return size_.load(); }

 private:
  static constexpr std::size_t kWaits = 4;
  const std::chrono::milliseconds patience_;
  std::atomic<std::size_t> size_{0};
  std::mutex mutex_;
  std::array<std::list<Entry*>, kWaits> waiting_;  // of each kind, the longest first
};

}  // namespace mobileclip::server
