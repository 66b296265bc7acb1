// The subcommands of mobileclip-server, one file each.
#pragma once

#include <functional>
#include <stdexcept>

namespace CLI {
class App;
}

namespace mobileclip::server {

/// What a chosen subcommand does; returns the process's exit status. Throws what it cannot do: UsageError for what the
/// user wrote, any other std::exception for what went wrong.
using Action = std::function<int()>;

/// A command line or configuration that asks for what cannot be; exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Each adds its subcommand to `app`. Parsing sets `action` where the command line chooses that subcommand; both
// references must outlive the parsing, `action`'s value needs neither.
void add_serve_command(CLI::App& app, Action& action);
void add_embed_command(CLI::App& app, Action& action);
void add_tokenize_command(CLI::App& app, Action& action);
void add_preprocess_command(CLI::App& app, Action& action);
void add_inspect_command(CLI::App& app, Action& action);
void add_convert_command(CLI::App& app, Action& action);
void add_quantize_command(CLI::App& app, Action& action);
void add_synthesize_command(CLI::App& app, Action& action);
void add_test_model_command(CLI::App& app, Action& action);
void add_selftest_command(CLI::App& app, Action& action);

}  // namespace mobileclip::server
