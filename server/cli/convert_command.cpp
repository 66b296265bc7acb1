// mobileclip-server convert: any layout → the split one, for one model or for a list of them.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "engine/models/convert.h"
#include "server/cli/command.h"
#include "server/cli/conversion_batch.h"
#include "server/cli/progress_bar.h"
#include "server/cli/weights_options.h"

namespace mobileclip::server {
namespace {

struct ConvertArguments {
  std::string source;
  std::string target;
  ConvertOptions options;
  std::string config;
  BatchOptions batch;
};

int convert_many(const ConvertArguments& arguments) {
  if (!arguments.source.empty()) throw UsageError("--config names the models to convert: expected no IN and OUT");
  const ConversionConfig config = read_conversion_config(arguments.config);
  ProgressBar bar;
  return convert_all(config, arguments.batch, std::cout, bar.callback()) == 0 ? 0 : 1;
}

int convert_one(const ConvertArguments& arguments) {
  if (arguments.source.empty()) throw UsageError("IN is required");
  if (arguments.target.empty()) throw UsageError("OUT is required");
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
      "  mobileclip-server convert models/MobileCLIP2-S0 models/MobileCLIP2-S0-f16 --dtype f16\n"
      "\nWith --config, several models, each loaded and made to embed before it takes its place; those that are there\n"
      "are skipped:\n"
      "  output: models\n"
      "  models:\n"
      "    - name: MobileCLIP2-S0-f16\n"
      "      source: downloads/MobileCLIP2-S0\n"
      "      task: image-text\n"
      "      quantization: {dtype: f16}    # or {target_size_mb: 200}");
  command->add_option("IN", arguments->source, "Model directory to read")->type_name("");
  command->add_option("OUT", arguments->target, "Model directory to write")->type_name("");
  add_dtype_option(*command, arguments->options.dtype);
  CLI::Option* config = command->add_option("--config", arguments->config, "The models to convert, as YAML");
  config->type_name("FILE");
  command->add_flag("--dry-run", arguments->batch.dry_run, "Say what would be made, and how large")->needs(config);
  command->add_flag("--force", arguments->batch.force, "Replace models that are there")->needs(config);
  command->callback([arguments, &action] {
    action = [arguments] { return arguments->config.empty() ? convert_one(*arguments) : convert_many(*arguments); };
  });
}

}  // namespace mobileclip::server
