#include "server/cli/program.h"

#include <CLI/CLI.hpp>
#include <string>

#include "server/version.h"

namespace mobileclip::server {
namespace {

std::string version_line() {
  return std::string(kProgram) + " " + std::string(version()) + " (" + std::string(revision()) + ")";
}

}  // namespace

void describe_program(CLI::App& app, Action& action) {
  app.name(std::string(kProgram));
  app.description("Turns images and texts into MobileCLIP2 embeddings, on the CPU.");
  app.set_version_flag("--version", version_line());
  app.get_formatter()->column_width(36);
  app.require_subcommand(1);
  app.footer(
      "\nTo begin:\n"
      "  mobileclip-server synthesize MobileCLIP2-S0 models/demo   make a demo model (its embeddings mean nothing)\n"
      "  mobileclip-server serve --model models/demo               serve it on http://127.0.0.1:8080\n"
      "\nEvery command has its own --help.");
  add_serve_command(app, action);
  add_embed_command(app, action);
  add_tokenize_command(app, action);
  add_preprocess_command(app, action);
  add_inspect_command(app, action);
  add_convert_command(app, action);
  add_quantize_command(app, action);
  add_synthesize_command(app, action);
  add_test_model_command(app, action);
  add_selftest_command(app, action);
}

}  // namespace mobileclip::server
