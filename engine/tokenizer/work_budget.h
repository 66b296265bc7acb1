// A bound on work that repeats until nothing changes.
#pragma once

#include <cstddef>

namespace mobileclip {

/// Text repair runs over its text again while that changes it, and somebody can write a text that every pass shortens
/// by one character only. The budget counts code points passed over.
class WorkBudget {
 public:
  explicit WorkBudget(std::size_t code_points) : left_(code_points) {}

  /// Pays for a pass over so many code points. False once the budget has been spent: then stop.
  [[nodiscard]] bool spend(std::size_t code_points) {
    if (left_ == 0) return false;
    left_ = code_points < left_ ? left_ - code_points : 0;
    return true;
  }

 private:
  std::size_t left_;
};

}  // namespace mobileclip
