#include "server/version.h"

namespace mobileclip::server {

std::string_view version() { return MOBILECLIP_VERSION; }

}  // namespace mobileclip::server
