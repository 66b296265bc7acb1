#include "engine/runtime/cpu_budget.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

int affinity_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

double smaller_quota(double a, double b) {
  if (a <= 0) return b;
  return b <= 0 ? a : std::min(a, b);
}

/// Limits hold for a whole subtree, so every directory up to the root counts.
double smallest_quota(const fs::path& root, fs::path cgroup, const std::function<double(const fs::path&)>& quota_of) {
  double quota = 0;
  cgroup = cgroup.relative_path();
  while (true) {
    quota = smaller_quota(quota, quota_of(root / cgroup));
    if (cgroup.empty()) return quota;
    cgroup = cgroup.parent_path();
  }
}

/// "max 100000" or "250000 100000": microseconds of CPU time in a period.
double v2_quota_of(const fs::path& directory) {
  std::ifstream file(directory / "cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  return std::strtod(quota.c_str(), nullptr) / period;
}

double v1_quota_of(const fs::path& directory) {
  double quota = -1;
  double period = 0;
  std::ifstream(directory / "cpu.cfs_quota_us") >> quota;
  std::ifstream(directory / "cpu.cfs_period_us") >> period;
  return quota > 0 && period > 0 ? quota / period : 0;
}

/// /proc/self/cgroup has lines "hierarchy:controllers:path"; v2's has hierarchy 0 and no controllers.
double quota_of_this_process() {
  std::ifstream file("/proc/self/cgroup");
  double quota = 0;
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path path = line.substr(second + 1);
    if (controllers == ",,") quota = smaller_quota(quota, cgroup_v2_quota("/sys/fs/cgroup", path));
    if (controllers.find(",cpu,") != std::string::npos) {
      quota = smaller_quota(quota, cgroup_v1_quota("/sys/fs/cgroup/cpu", path));
    }
  }
  return quota;
}

}  // namespace

double cgroup_v2_quota(const fs::path& root, const fs::path& cgroup) {
  return smallest_quota(root, cgroup, v2_quota_of);
}

double cgroup_v1_quota(const fs::path& root, const fs::path& cgroup) {
  return smallest_quota(root, cgroup, v1_quota_of);
}

int available_threads() {
  const double quota = quota_of_this_process();
  const int threads = affinity_count();
  if (quota <= 0) return threads;
  return std::clamp(static_cast<int>(std::ceil(quota)), 1, threads);
}

}  // namespace mobileclip
