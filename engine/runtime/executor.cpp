#include "engine/runtime/executor.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <unsupported/Eigen/CXX11/ThreadPool>
#include <utility>
#include <vector>

#include "engine/runtime/denormals.h"
#include "engine/runtime/spin.h"
#include "engine/runtime/team.h"

namespace mobileclip {
namespace {

constexpr int kTextJobsInARow = 4;
/// Threads that put their images aside to help one text: with more of them each does less in its time.
constexpr int kHelpersOfAText = 3;

/// For debuggers, top -H and tests.
void name_this_thread() {
  static thread_local const int named = pthread_setname_np(pthread_self(), "engine");
  static_cast<void>(named);
}

}  // namespace

struct Executor::Impl {
  using Clock = std::chrono::steady_clock;

  explicit Impl(int threads)
      : times_aside(static_cast<std::size_t>(threads), kTextJobsInARow),
        leads_text(static_cast<std::size_t>(threads)),
        at_it_since(static_cast<std::size_t>(threads)),
        pool(threads, /*allow_spinning=*/false) {
    for (int i = 0; i < threads; ++i) {
      teams.push_back(std::make_unique<Team>(threads, [this, i] { put_aside_for_a_text(i); }));
      free_workers.push_back(i);
    }
  }

  std::mutex mutex;
  std::condition_variable idle;
  std::deque<Job> image_jobs;
  std::deque<Job> text_jobs;
  int text_jobs_in_a_row = 0;
  std::atomic<int> waiting{0};               // jobs not yet begun; read without the lock by helpers
  std::atomic<int> waiting_texts{0};         // of them; read without the lock by leaders
  std::vector<int> free_workers;             // numbers not in use by a running work()
  std::vector<std::unique_ptr<Team>> teams;  // by worker
  /// By worker, for itself alone: how often it has put aside for a text the image that it is at; at anything else, as
  /// often as it may.
  std::vector<int> times_aside;
  std::vector<std::atomic<bool>> leads_text;  // by worker: one that spreads
  /// By worker: when it was woken or took its job; kAtNothing while it sleeps or helps. Who is stuck helping keeps the
  /// one that leads from going on.
  std::vector<std::atomic<Clock::rep>> at_it_since;
  static constexpr Clock::rep kAtNothing = 0;
  Eigen::ThreadPool pool;  // last: joined before the rest goes

  struct Turn {
    Lane lane;
    Job job;
  };

  std::optional<Turn> next_turn(int worker) {
    const bool image_turn = !image_jobs.empty() && (text_jobs.empty() || text_jobs_in_a_row >= kTextJobsInARow);
    std::optional<Job> job = image_turn ? pop(image_jobs) : pop_text();
    if (!job) return std::nullopt;
    text_jobs_in_a_row = image_turn ? 0 : text_jobs_in_a_row + 1;
    times_aside[static_cast<std::size_t>(worker)] = image_turn ? 0 : kTextJobsInARow;
    return Turn{image_turn ? Lane::kImage : Lane::kText, std::move(*job)};
  }

  std::optional<Job> pop_text() {
    std::optional<Job> job = pop(text_jobs);
    if (job) waiting_texts.fetch_sub(1, std::memory_order_relaxed);
    return job;
  }

  std::optional<Job> pop(std::deque<Job>& jobs) {
    if (jobs.empty()) return std::nullopt;
    Job job = std::move(jobs.front());
    jobs.pop_front();
    waiting.fetch_sub(1, std::memory_order_relaxed);
    return job;
  }

  /// Between two layers of an image that `worker` leads: it helps a text that another leads, or else leads one that
  /// waits. Texts have activations of their own, and scratch memory is free between layers.
  void put_aside_for_a_text(int worker) {
    int& aside = times_aside[static_cast<std::size_t>(worker)];
    if (aside == kTextJobsInARow) return;
    // Nor is the text put aside in turn: its worker's activations are taken.
    const int before = std::exchange(aside, kTextJobsInARow);
    const bool was_aside = help_a_text(worker) || lead_waiting_text(worker);
    aside = before + (was_aside ? 1 : 0);
  }

  /// To its end, though others may wait: one after the other with two threads, the first is done in half the time and
  /// the last no later.
  bool help_a_text(int worker) {
    std::size_t led_by = 0;
    while (led_by < teams.size() && !(leads_text[led_by].load(std::memory_order_relaxed) &&
                                      teams[led_by]->helpers() < kHelpersOfAText)) {
      ++led_by;
    }
    if (led_by == teams.size()) return false;
    teams[led_by]->attach();
    is_at_nothing(worker);
    // Once the text is done, its leader's team may go on with an image.
    for (Spin spin; leads_text[led_by].load(std::memory_order_acquire);) {
      if (!teams[led_by]->help(worker)) spin.pause();
    }
    teams[led_by]->detach();
    is_at_it(worker);
    return true;
  }

  bool lead_waiting_text(int worker) {
    if (waiting_texts.load(std::memory_order_relaxed) == 0) return false;
    std::optional<Job> job;
    {
      const std::lock_guard lock(mutex);
      job = pop_text();
    }
    if (!job) return false;
    is_at_it(worker);
    run(Lane::kText, *job, worker);
    is_at_it(worker);
    return true;
  }

  void run(Lane lane, const Job& job, int worker) {
    Team& team = *teams[static_cast<std::size_t>(worker)];
    if (lane == Lane::kImage || !job.spreads) return job.run(team, worker);
    std::atomic<bool>& leads = leads_text[static_cast<std::size_t>(worker)];
    leads.store(true, std::memory_order_release);
    job.run(team, worker);
    leads.store(false, std::memory_order_release);
  }

  /// The running forward pass with the fewest helpers.
  Team* team_to_help() {
    Team* best = nullptr;
    for (const auto& team : teams) {
      if (team->active() && (!best || team->helpers() < best->helpers())) best = team.get();
    }
    return best;
  }

  void is_at_it(int worker) { set_since(worker, Clock::now().time_since_epoch().count()); }
  void is_at_nothing(int worker) { set_since(worker, kAtNothing); }
  void set_since(int worker, Clock::rep since) {
    at_it_since[static_cast<std::size_t>(worker)].store(since, std::memory_order_relaxed);
  }

  /// Wakes up to `count` sleeping threads. The lock is held.
  void wake(int count) {
    for (; count > 0 && !free_workers.empty(); --count) {
      const int worker = free_workers.back();
      free_workers.pop_back();
      is_at_it(worker);
      pool.Schedule([this, worker] { work(worker); });
    }
  }

  void work(int worker) {
    name_this_thread();
    flush_denormals_to_zero();
    std::unique_lock lock(mutex);
    while (true) {
      if (std::optional<Turn> turn = next_turn(worker)) {
        is_at_it(worker);
        Team& team = *teams[static_cast<std::size_t>(worker)];
        if (turn->job.spreads) {
          team.set_leader(worker);
          wake(static_cast<int>(free_workers.size()));
        }
        lock.unlock();
        run(turn->lane, turn->job, worker);
        turn.reset();
        team.set_leader(-1);
        lock.lock();
      } else if (Team* team = team_to_help()) {
        is_at_nothing(worker);
        team->attach();
        lock.unlock();
        for (Spin spin; team->active() && waiting.load(std::memory_order_relaxed) == 0;) {
          if (!team->help(worker)) spin.pause();
        }
        lock.lock();
        team->detach();
      } else {
        is_at_nothing(worker);
        free_workers.push_back(worker);
        idle.notify_all();
        return;
      }
    }
  }
};

Executor::Executor(int threads) : impl_(std::make_unique<Impl>(threads)) {}

Executor::~Executor() { wait_idle(); }

void Executor::wait_idle() {
  std::unique_lock lock(impl_->mutex);
  impl_->idle.wait(lock, [this] {
    return impl_->waiting.load(std::memory_order_relaxed) == 0 && impl_->free_workers.size() == impl_->teams.size();
  });
}

void Executor::submit(Lane lane, Job job) {
  const std::lock_guard lock(impl_->mutex);
  (lane == Lane::kText ? impl_->text_jobs : impl_->image_jobs).push_back(std::move(job));
  if (lane == Lane::kText) impl_->waiting_texts.fetch_add(1, std::memory_order_relaxed);
  impl_->waiting.fetch_add(1, std::memory_order_relaxed);
  impl_->wake(1);
}

int Executor::stuck(std::chrono::nanoseconds limit) const {
  const Impl::Clock::rep latest = (Impl::Clock::now() - limit).time_since_epoch().count();
  return static_cast<int>(std::count_if(impl_->at_it_since.begin(), impl_->at_it_since.end(), [latest](const auto& at) {
    const Impl::Clock::rep since = at.load(std::memory_order_relaxed);
    return since != Impl::kAtNothing && since <= latest;
  }));
}

int Executor::not_computing() const {
  return static_cast<int>(std::count_if(impl_->teams.begin(), impl_->teams.end(),
                                        [](const std::unique_ptr<Team>& team) { return !team->active(); }));
}

int Executor::threads() const { return static_cast<int>(impl_->teams.size()); }

}  // namespace mobileclip
