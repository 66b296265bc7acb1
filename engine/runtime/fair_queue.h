// A queue in which requests take turns: a bulk request of hundreds of items delays a request of one by a single item,
// not by all of its own.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <unordered_map>
#include <utility>

namespace mobileclip {

/// First come, first served within a flow; of several flows, one item each in turn. Not thread-safe.
template <typename Item>
class FairQueue {
 public:
  /// Whatever tells flows apart; compared, never followed.
  using Flow = const void*;

  void push(Flow flow, Item item) {
    auto [known, is_new] = lines_.try_emplace(flow);
    if (is_new) known->second = turns_.insert(turns_.end(), Line{.flow = flow, .items = {}});
    known->second->items.push_back(std::move(item));
    ++size_;
  }

  /// Must not be empty.
  Item pop() {
    const auto line = turns_.begin();
    Item item = std::move(line->items.front());
    line->items.pop_front();
    --size_;
    if (line->items.empty()) {
      lines_.erase(line->flow);
      turns_.erase(line);
    } else {
      turns_.splice(turns_.end(), turns_, line);
    }
    return item;
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t flows() const { return lines_.size(); }

 private:
  struct Line {
    Flow flow;
    std::deque<Item> items;
  };
  std::list<Line> turns_;  // whose turn it is comes first; no line is empty
  std::unordered_map<Flow, typename std::list<Line>::iterator> lines_;
  std::size_t size_ = 0;
};

}  // namespace mobileclip
