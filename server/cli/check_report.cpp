#include "server/cli/check_report.h"

#include <ostream>

namespace mobileclip::server {

void CheckReport::check(bool ok, std::string_view name, std::string_view measured, std::string_view expected) {
  out_ << (ok ? "ok    " : "FAIL  ") << name << ": " << measured;
  if (!ok) out_ << " (expected: " << expected << ")";
  out_ << std::endl;
  ++(ok ? result_.passed : result_.failed);
}

void CheckReport::skip(std::string_view name, std::string_view why) {
  out_ << "skip  " << name << ": " << why << std::endl;
}

}  // namespace mobileclip::server
