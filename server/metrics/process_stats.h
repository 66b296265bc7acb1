// What the kernel says of this process.
#pragma once

#include <cstdint>

namespace mobileclip::server {

struct ProcessStats {
  double resident_bytes = 0;
  double cpu_seconds = 0;  ///< user and system, all threads
  double open_fds = 0;
  double start_time_seconds = 0;  ///< Unix time
};

/// Zeros where /proc cannot be read. Never throws.
ProcessStats read_process_stats() noexcept;

}  // namespace mobileclip::server
