#include "server/version.h"

#include "server/revision.h"  // cmake/revision.cmake writes it

namespace mobileclip::server {

std::string_view version() { return MOBILECLIP_VERSION; }

std::string_view revision() { return MOBILECLIP_REVISION; }

}  // namespace mobileclip::server
