#include "engine/weights/mapped_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "engine/base/error.h"

namespace mobileclip {
namespace {

/// One live mapping, as the signal handler sees it. `end` is 0 while the slot is free or being filled.
struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<bool> damaged{false};
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "the signal handler may not take locks");

constexpr std::size_t kMaxMappings = 1024;
constinit std::array<Slot, kMaxMappings> slots;  // constant-initialised: valid before main and after exit()
constinit struct sigaction previous_action {};
constinit std::uintptr_t page_size = 0;

/// Async-signal-safe: atomics and mmap(2), which is a plain system call. True where `address` lies in a mapping of
/// ours.
bool replace_lost_pages(std::uintptr_t address) {
  for (Slot& slot : slots) {
    const std::uintptr_t end = slot.end.load(std::memory_order_acquire);
    if (address >= end || address < slot.begin.load(std::memory_order_relaxed)) continue;
    slot.damaged.store(true, std::memory_order_release);
    const std::uintptr_t page = address & ~(page_size - 1);
    void* const wanted = reinterpret_cast<void*>(page);
    return mmap(wanted, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == wanted;
  }
  return false;
}

void on_sigbus(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const bool is_fault = info->si_code > 0;  // else sent by kill(2), and si_addr says nothing
  const bool handled = is_fault && replace_lost_pages(reinterpret_cast<std::uintptr_t>(info->si_addr));
  errno = saved_errno;
  if (handled) return;

  if (previous_action.sa_flags & SA_SIGINFO) {
    previous_action.sa_sigaction(signal, info, context);
  } else if (previous_action.sa_handler == SIG_IGN && !is_fault) {
    return;
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal);
  } else {
    struct sigaction default_action {};
    default_action.sa_handler = SIG_DFL;
    sigaction(SIGBUS, &default_action, nullptr);
    raise(SIGBUS);  // blocked until this handler returns, then fatal
  }
}

void install_handler() {
  page_size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = on_sigbus;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, nullptr, &previous_action);  // first, so that the handler never sees it half-written
  sigaction(SIGBUS, &action, nullptr);
}

/// kMaxMappings where all are taken.
std::size_t take_slot() {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].taken.exchange(true)) return i;
  }
  return kMaxMappings;
}

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw LoadError(file.string() + ": " + what);
}

std::string error_text() { return std::strerror(errno); }

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& file) {
  static std::once_flag installed;
  std::call_once(installed, install_handler);

  // O_NONBLOCK: a named pipe under this name must not hang the open.
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) fail(file, "cannot be opened: " + error_text());
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor);
    fail(file, "expected a regular file");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  const std::size_t slot = take_slot();
  if (slot == kMaxMappings) {
    close(descriptor);
    fail(file, "cannot be mapped: " + std::to_string(kMaxMappings) + " files are mapped already");
  }
  if (size > 0) {
    void* const address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED) {
      const std::string reason = error_text();
      slots[slot].taken.store(false);
      close(descriptor);
      fail(file, "cannot be mapped: " + reason);
    }
    bytes_ = {static_cast<const std::byte*>(address), size};
    slots[slot].damaged.store(false, std::memory_order_relaxed);
    slots[slot].begin.store(reinterpret_cast<std::uintptr_t>(address), std::memory_order_relaxed);
    slots[slot].end.store(reinterpret_cast<std::uintptr_t>(address) + size, std::memory_order_release);
  }
  descriptor_ = descriptor;
  slot_ = slot;
}

MappedFile::~MappedFile() {
  Slot& slot = slots[slot_];
  slot.end.store(0, std::memory_order_release);
  slot.damaged.store(false, std::memory_order_relaxed);
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  slot.taken.store(false, std::memory_order_release);
  close(descriptor_);
}

bool MappedFile::damaged() const noexcept {
  if (slots[slot_].damaged.load(std::memory_order_acquire)) return true;
  // A file cut within its last page raises no signal: the page's rest reads as zeros.
  struct stat status {};
  return fstat(descriptor_, &status) != 0 || static_cast<std::size_t>(status.st_size) < bytes_.size();
}

}  // namespace mobileclip
