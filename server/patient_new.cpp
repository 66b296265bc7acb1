// operator new for a server that is short of memory.
//
// What is large is some request's input or answer: it fails at once, std::bad_alloc, and the request is refused. What
// is small keeps account of requests, and there nobody could be refused: an exception between two threads ends the
// process, and Asio does not survive one everywhere (Boost 1.81: strands). So it is tried again while other requests
// fail and end and give memory back.
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <thread>

namespace {

constexpr std::size_t kSmallBytes = 64 * 1024;
constexpr std::chrono::milliseconds kPause{1};
constexpr int kAttempts = 10'000;  // of a small allocation: then nothing will come any more, and the end is better

void* allocate(std::size_t bytes) {
  for (int left = bytes <= kSmallBytes ? kAttempts : 1; left > 0; --left) {
    if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
    if (left > 1) std::this_thread::sleep_for(kPause);
  }
  throw std::bad_alloc();
}

}  // namespace

// The other forms of new and delete come to these; so would the second, but AddressSanitizer has one of its own, for
// which this delete is the wrong one.
void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  try {
    return allocate(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*bytes*/) noexcept { std::free(memory); }
