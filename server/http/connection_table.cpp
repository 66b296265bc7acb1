#include "server/http/connection_table.h"

#include <utility>

namespace mobileclip::server {

ConnectionTable::Entry::~Entry() {
  const std::lock_guard lock(table_.mutex_);
  leave();
  --table_.size_;
}

void ConnectionTable::Entry::waits(ClientWait wait, std::function<void()> close) {
  const std::lock_guard lock(table_.mutex_);
  leave();
  close_ = std::move(close);
  since_ = std::chrono::steady_clock::now();
  waiting_ = &table_.waiting_[static_cast<std::size_t>(wait)];
  position_ = waiting_->insert(waiting_->end(), this);
}

void ConnectionTable::Entry::works() {
  const std::lock_guard lock(table_.mutex_);
  leave();
}

void ConnectionTable::Entry::leave() {
  if (waiting_ == nullptr) return;
  waiting_->erase(position_);
  waiting_ = nullptr;
}

bool ConnectionTable::close_one() {
  const std::lock_guard lock(mutex_);
  const auto latest = std::chrono::steady_clock::now() - patience_;
  for (std::size_t wait = 0; wait < kWaits; ++wait) {
    if (waiting_[wait].empty()) continue;
    Entry& longest = *waiting_[wait].front();
    if (wait != static_cast<std::size_t>(ClientWait::kRequest) && longest.since_ > latest) continue;
    longest.leave();
    longest.close_();
    return true;
  }
  return false;
}

}  // namespace mobileclip::server
