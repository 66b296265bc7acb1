// The manual page, in man(7)'s macros.
#pragma once

#include <string>
#include <string_view>

#include "server/cli_docs/program_docs.h"

namespace mobileclip::server {

/// `version` stands in its footer: "0.1.0".
std::string man_page(const ProgramDocs& program, std::string_view version);

}  // namespace mobileclip::server
