#include "server/logging/access_log.h"

namespace mobileclip::server {

void AccessLog::write(const AccessRecord& record) const {
  writer_.write(access_line(format_, std::chrono::system_clock::now(), record));
}

}  // namespace mobileclip::server
