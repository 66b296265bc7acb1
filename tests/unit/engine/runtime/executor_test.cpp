#include "engine/runtime/executor.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace mobileclip {
namespace {

using Run = std::function<void(Parallel& parallel, int worker)>;

Executor::Job spreading(Run run) { return {.run = std::move(run), .spreads = true}; }
Executor::Job alone(Run run) { return {.run = std::move(run), .spreads = false}; }

TEST(Executor, RunsEveryTaskOfEveryRegionOnce) {
  constexpr std::size_t kTasks = 37;
  constexpr int kRegions = 400;
  Executor executor(4);
  std::atomic<int> wrong{0};
  for (int job = 0; job < 6; ++job) {
    executor.submit(job % 2 ? Lane::kText : Lane::kImage, spreading([&](Parallel& parallel, int /*worker*/) {
                      std::vector<int> counts(kTasks);
                      for (int region = 1; region <= kRegions; ++region) {
                        parallel.run(kTasks, [&](std::size_t task, int worker) {
                          if (worker < 0 || worker >= 4) ++wrong;
                          ++counts[task];
                        });
                        for (const int count : counts)
                          wrong += count != region;  // all done, and seen, when run() returns
                      }
                    }));
  }
  executor.wait_idle();
  EXPECT_EQ(wrong, 0);
}

TEST(Executor, RegionsOfChangingSizeNeverMix) {
  // One leader, eager helpers, thousands of small regions that grow and shrink: a claim made for one region must never
  // run a task of the next.
  Executor executor(3);
  std::atomic<int> wrong{0};
  executor.submit(Lane::kImage, spreading([&](Parallel& parallel, int /*worker*/) {
                    for (std::size_t region = 0; region < 60'000; ++region) {
                      std::array<std::atomic<int>, 20> counts{};
                      const std::size_t tasks = 2 + region * 7 % 19;
                      parallel.run(tasks, [&](std::size_t task, int /*w*/) { ++counts[task]; });
                      for (std::size_t i = 0; i < counts.size(); ++i) wrong += counts[i] != (i < tasks);
                    }
                  }));
  executor.wait_idle();
  EXPECT_EQ(wrong, 0);
}

TEST(Executor, IdleThreadsHelpALoneJob) {
  Executor executor(2);
  std::atomic<bool> met{false};
  executor.submit(Lane::kImage, spreading([&](Parallel& parallel, int /*worker*/) {
                    while (!met) {  // until the second thread has found its way here
                      parallel.run(2, [&](std::size_t /*task*/, int worker) {
                        static std::mutex mutex;
                        static std::set<int> workers;
                        const std::lock_guard lock(mutex);
                        workers.insert(worker);
                        met = workers.size() == 2;
                      });
                    }
                  }));
  executor.wait_idle();
  EXPECT_TRUE(met);
}

TEST(Executor, TextsGoFirstAndImagesStillGetTheirTurn) {
  Executor executor(1);
  std::latch begun(1);
  std::latch queued(1);
  std::vector<char> order;
  executor.submit(Lane::kImage, alone([&](Parallel&, int) {
                    begun.count_down();
                    queued.wait();
                  }));
  begun.wait();
  for (int i = 0; i < 3; ++i) executor.submit(Lane::kImage, alone([&](Parallel&, int) { order.push_back('i'); }));
  for (int i = 0; i < 10; ++i) executor.submit(Lane::kText, alone([&](Parallel&, int) { order.push_back('t'); }));
  queued.count_down();
  executor.wait_idle();
  EXPECT_EQ(std::string(order.begin(), order.end()), "ttttittttitti");
}

TEST(Executor, AnImageIsPutAsideForAFewTextsBetweenRegions) {
  Executor executor(1);
  std::vector<char> order;
  const auto text = alone([&](Parallel&, int) { order.push_back('t'); });
  executor.submit(Lane::kImage, spreading([&](Parallel& parallel, int /*worker*/) {
                    for (int region = 0; region < 8; ++region) {
                      parallel.run(1, [&](std::size_t, int) { order.push_back('i'); });
                      if (region > 0) executor.submit(Lane::kText, text);
                    }
                  }));
  executor.wait_idle();
  EXPECT_EQ(std::string(order.begin(), order.end()), "iititititiiittt");
}

TEST(Executor, AnImageIsPutAsideAFewTimesToHelpWithATextThatAnotherThreadLeads) {
  Executor executor(2);
  std::atomic<bool> text_is_led{false};
  std::atomic<bool> done{false};
  std::atomic<int> regions{0};  // of the image, while a text is led
  std::atomic<int> rests{0};    // of the image's leader, while none is
  executor.submit(Lane::kImage, spreading([&](Parallel& parallel, int /*worker*/) {
                    while (!done) {
                      if (text_is_led) {
                        parallel.run(1, [&](std::size_t, int) { ++regions; });
                      } else {
                        ++rests;
                        std::this_thread::yield();
                      }
                    }
                  }));
  std::vector<bool> helped;
  for (int i = 0; i < 6; ++i) {
    for (const int rests_before = rests; rests < rests_before + 2;) std::this_thread::yield();
    std::latch answered(1);
    executor.submit(Lane::kText, spreading([&](Parallel& parallel, int leader) {
                      text_is_led = true;
                      std::atomic<bool> by_another{false};
                      // Until it has got help, or the image has gone on for long enough to have seen that it could.
                      for (const int before = regions; !by_another && regions < before + 1000;) {
                        parallel.run(2, [&](std::size_t, int worker) {
                          if (worker != leader) by_another = true;
                        });
                      }
                      helped.push_back(by_another);
                      text_is_led = false;
                      answered.count_down();
                    }));
    answered.wait();
  }
  done = true;
  executor.wait_idle();
  EXPECT_EQ(helped, (std::vector<bool>{true, true, true, true, false, false}));
}

TEST(Executor, ATextIsNotPutAside) {
  Executor executor(1);
  std::vector<char> order;
  const auto first = spreading([&](Parallel& parallel, int /*worker*/) {
    executor.submit(Lane::kText, alone([&](Parallel&, int) { order.push_back('2'); }));
    for (int region = 0; region < 2; ++region) parallel.run(1, [&](std::size_t, int) { order.push_back('1'); });
  });
  executor.submit(Lane::kText, first);
  executor.wait_idle();
  EXPECT_EQ(std::string(order.begin(), order.end()), "112");
  order.clear();
  executor.submit(Lane::kImage, spreading([&](Parallel& parallel, int /*worker*/) {
                    executor.submit(Lane::kText, first);
                    for (int region = 0; region < 2; ++region)
                      parallel.run(1, [&](std::size_t, int) { order.push_back('i'); });
                  }));
  executor.wait_idle();
  EXPECT_EQ(std::string(order.begin(), order.end()), "11i2i") << "nor one that an image was put aside for";
}

TEST(Executor, WorkersHoldDifferentNumbersAtTheSameTime) {
  Executor executor(3);
  std::latch all_in(3);
  std::mutex mutex;
  std::set<int> workers;
  for (int i = 0; i < 3; ++i) {
    executor.submit(Lane::kImage, alone([&](Parallel&, int worker) {
                      {
                        const std::lock_guard lock(mutex);
                        workers.insert(worker);
                      }
                      all_in.arrive_and_wait();
                    }));
  }
  executor.wait_idle();
  EXPECT_EQ(workers, (std::set<int>{0, 1, 2}));
}

TEST(Executor, AThreadThatStaysAtOneJobIsStuckUntilItIsDone) {
  using std::chrono::milliseconds;
  Executor executor(2);
  EXPECT_EQ(executor.stuck(milliseconds(0)), 0) << "idle threads are at nothing";
  std::latch begun(1);
  std::latch released(1);
  executor.submit(Lane::kImage, alone([&](Parallel&, int) {
                    begun.count_down();
                    released.wait();
                  }));
  begun.wait();
  EXPECT_EQ(executor.stuck(std::chrono::hours(1)), 0);
  while (executor.stuck(milliseconds(20)) == 0) std::this_thread::sleep_for(milliseconds(1));
  executor.submit(Lane::kImage, alone([](Parallel&, int) {}));
  EXPECT_EQ(executor.stuck(milliseconds(20)), 1) << "the other thread works";
  released.count_down();
  executor.wait_idle();
  EXPECT_EQ(executor.stuck(milliseconds(0)), 0);
}

TEST(Executor, WhoHelpsIsNotStuckWhoWaitsForAHelperIs) {
  using std::chrono::milliseconds;
  Executor executor(2);
  std::latch both(2);
  std::latch released(1);
  executor.submit(Lane::kImage, spreading([&](Parallel& parallel, int leader) {
                    // The helper may be late: regions are run until it has claimed a task of one.
                    for (std::atomic<bool> helped{false}; !helped;) {
                      parallel.run(2, [&](std::size_t, int worker) {
                        if (worker == leader) return;
                        helped = true;
                        both.count_down();
                        released.wait();
                      });
                    }
                  }));
  both.count_down();
  both.wait();
  while (executor.stuck(milliseconds(20)) == 0) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(executor.stuck(milliseconds(20)), 1);
  released.count_down();
  executor.wait_idle();
}

TEST(Executor, FlushesDenormals) {
  Executor executor(1);
  float product = 1;
  executor.submit(Lane::kText, alone([&](Parallel&, int) {
                    volatile float tiny = 1e-38F;
                    product = tiny * 0.1F;
                  }));
  executor.wait_idle();
  EXPECT_EQ(product, 0.0F);
}

}  // namespace
}  // namespace mobileclip
