// Texts on the command line reach their command as they were typed. CLI11 2.1 would split the argument "[a, b]" into
// two, take "++" for the end of a subcommand and, once a positional argument is there, read what follows "--" as
// options of the program; so arguments to be taken literally are marked before it parses and unmarked as it stores
// them.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mobileclip::server {

/// The arguments after the program's name. Those after the first "--", which is dropped, and those that CLI11 would
/// take apart carry the mark.
std::vector<std::string> mark_literals(int argc, const char* const* argv);

/// Makes every option and positional of `app` and of its subcommands drop the mark. To be called once all are added.
void unmark_literals(CLI::App& app);

std::string without_mark(std::string argument);

}  // namespace mobileclip::server
