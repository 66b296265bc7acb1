// Waiting for something that is microseconds away.
#pragma once

#include <thread>

namespace mobileclip {

/// Call pause() in a loop: burns little at first, then lets other threads have the core.
class Spin {
 public:
  void pause() {
    if (++count_ % kPausesBeforeYield == 0) {
      std::this_thread::yield();
      return;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

 private:
  static constexpr int kPausesBeforeYield = 256;
  int count_ = 0;
};

}  // namespace mobileclip
