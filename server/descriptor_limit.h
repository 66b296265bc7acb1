// How many files, sockets among them, the process may have open.
#pragma once

#include <cstddef>

namespace mobileclip::server {

/// Raises the soft limit to the hard one: the soft one is often 1024, for the sake of programs that use select().
/// Returns the limit that then holds.
std::size_t raise_descriptor_limit();

}  // namespace mobileclip::server
