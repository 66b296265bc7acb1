#include "engine/runtime/team.h"

#include "engine/runtime/spin.h"

namespace mobileclip {
namespace {

constexpr std::uint64_t kRegion = std::uint64_t{1} << 32;
constexpr std::uint64_t kMaxTasks = 0xFFFF;

std::uint64_t task_count(std::uint64_t state) { return (state >> 16) & kMaxTasks; }
std::uint64_t next_task(std::uint64_t state) { return state & kMaxTasks; }

}  // namespace

void Team::run(std::size_t tasks, TaskRef task) {
  before_region_();
  const int leader = leader_.load(std::memory_order_relaxed);
  if (tasks <= 1 || tasks > kMaxTasks || helpers() == 0) {
    for (std::size_t i = 0; i < tasks; ++i) task(i, leader);
    return;
  }
  task_.store(&task, std::memory_order_relaxed);
  done_.store(0, std::memory_order_relaxed);
  const std::uint64_t region = state_.load(std::memory_order_relaxed) / kRegion + 1;
  state_.store(region * kRegion + (std::uint64_t{tasks} << 16), std::memory_order_release);
  help(leader);
  for (Spin spin; done_.load(std::memory_order_acquire) < tasks;) spin.pause();
}

bool Team::help(int worker) {
  bool helped = false;
  std::uint64_t state = state_.load(std::memory_order_acquire);
  while (next_task(state) < task_count(state)) {
    if (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    // The claimed task keeps its region, and so *task_, alive until done_ counts it.
    (*task_.load(std::memory_order_relaxed))(next_task(state), worker);
    done_.fetch_add(1, std::memory_order_release);
    helped = true;
    state = state_.load(std::memory_order_acquire);
  }
  return helped;
}

}  // namespace mobileclip
