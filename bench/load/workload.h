// What the load consists of: requests whose right answers are known.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mobileclip::bench {

/// Requests of one route, sent in turn.
struct Workload {
  std::string name;
  std::string path;
  std::string content_type;
  std::vector<std::string> bodies;
  std::vector<std::string> golden;  ///< the answer to each, from when it was asked alone
};

/// One JPEG of 256x256 pixels a request, of `count` different pictures; the same bytes on every machine with the same
/// libjpeg.
Workload image_workload(std::size_t count);

/// One text of some ten words a request.
Workload text_workload(std::size_t count);

}  // namespace mobileclip::bench
