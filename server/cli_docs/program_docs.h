// What the command line offers, read off the parser itself, so that the manual page and the completions never fall
// behind it.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mobileclip::server {

struct OptionDocs {
  std::vector<std::string> flags = {};    ///< "-o", "--output"
  std::string value = {};                 ///< "FILE", "DURATION", "fp32|bf16|int8"; "" for a flag that takes none
  std::vector<std::string> choices = {};  ///< where `value` lists all there are
  std::string fallback = {};              ///< the value that holds without the option; may be ""
  std::string help = {};
  std::string group = {};  ///< a heading; "Options" for those without one
  bool value_may_be_left_out = false;
};

struct PositionalDocs {
  std::string name = {};  ///< "INPUT"
  std::string help = {};
  bool required = false;
  bool repeats = false;
};

struct CommandDocs {
  std::string name = {};
  std::string description = {};
  std::string footer = {};  ///< paragraphs, examples; lines that begin with two spaces stand as they are
  std::vector<PositionalDocs> positionals = {};
  std::vector<OptionDocs> options = {};  ///< those of a group stand together
};

struct ProgramDocs {
  CommandDocs itself = {};  ///< its description, footer, and the options that come before a command
  std::vector<CommandDocs> commands = {};
};

ProgramDocs read_docs(const CLI::App& app);

}  // namespace mobileclip::server
