// mobileclip-server convert: any layout → the split one.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "engine/models/convert.h"
#include "server/cli/command.h"
#include "server/cli/progress_bar.h"
#include "server/cli/weights_options.h"

namespace mobileclip::server {
namespace {

struct ConvertArguments {
  std::string source;
  std::string target;
  ConvertOptions options;
};

int run(const ConvertArguments& arguments) {
  ConvertReport report;
  {
    ProgressBar bar;
    report = convert_model(arguments.source, arguments.target, arguments.options, bar.callback());
  }
  std::cout << arguments.target << ": " << report.model << ", " << report.tensors << " tensors written as "
            << to_string(arguments.options.dtype) << ", read back and compared\n"
            << "source layout: " << report.source_layout << "\n"
            << "fingerprint:   " << report.fingerprint << "\n";
  if (!report.has_vocabulary) std::cout << "vocabulary:    none in the source; add tokenizer.json before serving\n";
  return 0;
}

}  // namespace

void add_convert_command(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ConvertArguments>();
  CLI::App* command = app.add_subcommand("convert", "Rewrite a model as split, fused safetensors");
  command->footer(
      "\nReads OpenCLIP's layout (open_clip_model.safetensors), the split layout, or either as .npz; folds the image\n"
      "tower's branches and BatchNorm; writes image_encoder_weights.safetensors, text_encoder_weights.safetensors,\n"
      "their configurations and the vocabulary; reads the result back and compares every value.\n"
      "\nExample:\n"
      "  mobileclip-server convert models/MobileCLIP2-S0 models/MobileCLIP2-S0-f16 --dtype f16");
  command->add_option("IN", arguments->source, "Model directory to read")->type_name("")->required();
  command->add_option("OUT", arguments->target, "Model directory to write")->type_name("")->required();
  add_dtype_option(*command, arguments->options.dtype);
  command->callback([arguments, &action] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace mobileclip::server
