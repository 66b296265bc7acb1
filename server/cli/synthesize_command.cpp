// mobileclip-server synthesize: a model whose embeddings mean nothing, for demonstrations, tests and benchmarks.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "engine/models/synthesize.h"
#include "server/cli/choice_option.h"
#include "server/cli/command.h"
#include "server/cli/interruptible_progress.h"
#include "server/cli/weights_options.h"
#include "server/config/nearest.h"

namespace mobileclip::server {
namespace {

struct SynthesizeArguments {
  std::string model;
  std::string directory;
  SynthesizeOptions options;
};

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const ModelConfig& config : known_models()) names.push_back(config.name);
  return names;
}

int run(const SynthesizeArguments& arguments) {
  const ModelConfig* model = find_model(arguments.model);
  if (!model) {
    std::string known;
    for (const std::string& name : model_names()) known.append(known.empty() ? "" : ", ").append(name);
    throw UsageError("unknown model '" + arguments.model + "'" + suggestion(arguments.model, model_names()) +
                     " (known: " + known + ")");
  }
  {
    InterruptibleProgress progress;
    synthesize_model(*model, arguments.directory, arguments.options, progress.callback());
  }
  std::cout << arguments.directory << ": " << model->name << " with synthetic weights of seed "
            << arguments.options.seed << "; its embeddings mean nothing\n";
  return 0;
}

}  // namespace

void add_synthesize_command(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<SynthesizeArguments>();
  CLI::App* command = app.add_subcommand("synthesize", "Make a model with synthetic weights");
  std::string known;
  for (const std::string& name : model_names()) known += "\n  " + name;
  command->footer(
      "\nThe whole architecture, but every weight follows from the seed alone: the same bits on every machine, and\n"
      "embeddings that mean nothing.\n"
      "\nModels:" +
      known +
      "\n"
      "\nExample:\n"
      "  mobileclip-server synthesize MobileCLIP2-S0 models/demo");
  command->add_option("MODEL", arguments->model, "Name of the architecture, see below")->type_name("")->required();
  command->add_option("OUT", arguments->directory, "Model directory to write")->type_name("")->required();
  add_choice_option(
      *command, "--form", "Layout: image tower fused, in a file of its own; or as OpenCLIP publishes models",
      arguments->options.form, {{"split", DirectoryForm::kSplit}, {"openclip", DirectoryForm::kOpenClip}});
  command->add_option("--seed", arguments->options.seed, "What the weights follow from")
      ->type_name("N")
      ->capture_default_str();
  add_dtype_option(*command, arguments->options.dtype);
  command
      ->add_option_function<std::string>(
          "--vocab", [arguments](const std::string& path) { arguments->options.vocabulary = path; },
          "Vocabulary to copy; without it, one of bytes only is made")
      ->type_name("FILE");
  command->callback([arguments, &action] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace mobileclip::server
