#include "engine/runtime/cpu_budget.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>
#include <thread>

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

class CpuBudget : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) / ("cgroup" + std::to_string(::getpid()));
    fs::create_directories(root_ / "a" / "b");
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const char* file, const char* text) { std::ofstream(root_ / file) << text; }
  fs::path root_;
};

TEST_F(CpuBudget, TakesTheTightestV2QuotaOnTheWayUp) {
  EXPECT_EQ(cgroup_v2_quota(root_, "/a/b"), 0);
  write("a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_v2_quota(root_, "/a/b"), 0);
  write("a/cpu.max", "250000 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_v2_quota(root_, "/a/b"), 2.5);
  write("cpu.max", "50000 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_v2_quota(root_, "/a/b"), 0.5);
  EXPECT_DOUBLE_EQ(cgroup_v2_quota(root_, "/"), 0.5);
  write("cpu.max", "garbage");
  EXPECT_DOUBLE_EQ(cgroup_v2_quota(root_, "/a/b"), 2.5);
}

TEST_F(CpuBudget, ReadsV1Quotas) {
  write("a/cpu.cfs_quota_us", "-1");
  write("a/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cgroup_v1_quota(root_, "/a/b"), 0);
  write("a/cpu.cfs_quota_us", "150000");
  EXPECT_DOUBLE_EQ(cgroup_v1_quota(root_, "/a/b"), 1.5);
}

TEST_F(CpuBudget, FollowsTheAffinityMask) {
  int threads = 0;
  std::thread([&threads] {
    cpu_set_t all;
    ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &all)) continue;
      CPU_SET(cpu, &one);
      break;
    }
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    threads = available_threads();
  }).join();
  EXPECT_EQ(threads, 1);
}

}  // namespace
}  // namespace mobileclip
