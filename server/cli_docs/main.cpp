// Part of the build: writes the manual page and the shells' completions.
//   cli_docs man|bash|zsh > FILE
#include <CLI/CLI.hpp>
#include <iostream>
#include <string_view>

#include "server/cli/program.h"
#include "server/cli_docs/bash_completion.h"
#include "server/cli_docs/man_page.h"
#include "server/cli_docs/zsh_completion.h"
#include "server/version.h"

int main(int argc, char** argv) {
  using namespace mobileclip::server;
  CLI::App app;
  Action action;
  describe_program(app, action);
  const ProgramDocs docs = read_docs(app);
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what == "man") {
    std::cout << man_page(docs, version());
  } else if (what == "bash") {
    std::cout << bash_completion(docs);
  } else if (what == "zsh") {
    std::cout << zsh_completion(docs);
  } else {
    std::cerr << "usage: cli_docs man|bash|zsh\n";
    return 2;
  }
  return std::cout.flush() ? 0 : 1;
}
