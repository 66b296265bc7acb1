// Completion for bash, of itself alone: it needs nothing of the package bash-completion but the place where it lies.
#pragma once

#include <string>

#include "server/cli_docs/program_docs.h"

namespace mobileclip::server {

std::string bash_completion(const ProgramDocs& program);

}  // namespace mobileclip::server
