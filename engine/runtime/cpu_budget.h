// How many threads may really run at once: the affinity mask and the cgroup's CPU quota, not the machine's core count.
#pragma once

#include <filesystem>

namespace mobileclip {

/// At least 1. A quota of 2.5 CPUs gives 3 threads: less would leave paid-for time unused.
int available_threads();

/// The smallest quota, in CPUs, on the way from `cgroup` (a directory of a v2 hierarchy mounted at `root`) up to
/// `root`; 0 where there is none.
double cgroup_v2_quota(const std::filesystem::path& root, const std::filesystem::path& cgroup);

/// The same for the v1 `cpu` controller.
double cgroup_v1_quota(const std::filesystem::path& root, const std::filesystem::path& cgroup);

}  // namespace mobileclip
