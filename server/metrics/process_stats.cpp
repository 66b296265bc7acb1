#include "server/metrics/process_stats.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>

namespace mobileclip::server {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
  void operator()(DIR* directory) const { closedir(directory); }
};

double seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; }

double resident_bytes() {
  const std::unique_ptr<std::FILE, CloseFile> statm(std::fopen("/proc/self/statm", "re"));
  long pages = 0;
  if (!statm || std::fscanf(statm.get(), "%*d %ld", &pages) != 1) return 0;
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_fds() {
  const std::unique_ptr<DIR, CloseFile> fds(opendir("/proc/self/fd"));
  if (!fds) return 0;
  int count = -3;  // ".", ".." and the directory's own descriptor
  while (readdir(fds.get()) != nullptr) ++count;
  return count;
}

/// Field 22 of /proc/self/stat is the start in clock ticks since boot (proc(5)); "btime" of /proc/stat is the boot.
double start_time_seconds() {
  char line[1024];
  const std::unique_ptr<std::FILE, CloseFile> self(std::fopen("/proc/self/stat", "re"));
  if (!self || std::fgets(line, sizeof line, self.get()) == nullptr) return 0;
  const char* after_name = std::strrchr(line, ')');  // the name, field 2, may hold anything
  long long ticks = 0;
  if (after_name == nullptr ||
      std::sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %lld",
                  &ticks) != 1) {
    return 0;
  }
  const std::unique_ptr<std::FILE, CloseFile> system(std::fopen("/proc/stat", "re"));
  long long boot = 0;
  while (system && std::fgets(line, sizeof line, system.get()) != nullptr) {
    if (std::sscanf(line, "btime %lld", &boot) == 1) break;
  }
  return static_cast<double>(boot) + static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessStats read_process_stats() noexcept {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return {.resident_bytes = resident_bytes(),
          .cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime),
          .open_fds = open_fds(),
          .start_time_seconds = start_time_seconds()};
}

}  // namespace mobileclip::server
