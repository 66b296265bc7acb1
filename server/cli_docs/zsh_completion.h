// Completion for zsh: a function of its completion system, with the options' help beside them.
#pragma once

#include <string>

#include "server/cli_docs/program_docs.h"

namespace mobileclip::server {

std::string zsh_completion(const ProgramDocs& program);

}  // namespace mobileclip::server
