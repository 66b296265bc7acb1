// A file's path as a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace mobileclip::server {

/// In quotes. A path may be any bytes: those that are no UTF-8 become the escapes \udc80 to \udcff, as Python reads
/// file names (PEP 383), so that os.fsencode(json.loads(…)) gives the bytes back.
std::string json_path(std::string_view path);

}  // namespace mobileclip::server
