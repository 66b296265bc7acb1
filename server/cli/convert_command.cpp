// mobileclip-server convert: any layout → the split one, for one model or for a list of them.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "engine/models/convert.h"
#include "server/cli/command.h"
#include "server/cli/conversion_batch.h"
#include "server/cli/interruptible_progress.h"
#include "server/cli/weights_options.h"

namespace mobileclip::server {
namespace {

struct ConvertArguments {
  std::string source;
  std::string target;
  WeightsForm form;
  std::string config;
  BatchOptions batch;
};

int convert_many(const ConvertArguments& arguments) {
  if (!arguments.source.empty()) throw UsageError("--config names the models to convert: expected no IN and OUT");
  const ConversionConfig config = read_conversion_config(arguments.config);
  InterruptibleProgress progress;
  return convert_all(config, arguments.batch, std::cout, progress.callback()) == 0 ? 0 : 1;
}

int convert_one(const ConvertArguments& arguments) {
  if (arguments.source.empty()) throw UsageError("IN is required");
  if (arguments.target.empty()) throw UsageError("OUT is required");
  ConvertReport report;
  {
    InterruptibleProgress progress;
    report = convert_model(arguments.source, arguments.target, arguments.form, progress.callback());
  }
  std::cout << arguments.target << ": " << report.model << ", " << report.tensors << " tensors written as "
            << to_string(arguments.form) << ", read back and compared\n"
            << "source layout: " << report.source_layout << "\n"
            << "fingerprint:   " << report.fingerprint << "\n";
  if (!report.has_vocabulary) std::cout << "vocabulary:    none in the source; add tokenizer.json before serving\n";
  return 0;
}

}  // namespace

void add_convert_command(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ConvertArguments>();
  CLI::App* command = app.add_subcommand("convert", "Rewrite models, one or many, in another form");
  command->footer(
      "\nOf a CLIP model, which may lie in any layout that is served (OpenCLIP, split, Hugging Face, .npz), writes "
      "the\n"
      "split layout: image_encoder_weights.safetensors, its branches and BatchNorm folded, "
      "text_encoder_weights.safetensors,\n"
      "their configurations and the vocabulary. Of a text encoder (sentence-transformers, Hugging Face), writes the "
      "same\n"
      "layout with all that belongs to it. Quantised matrices are restored. Reads the result back and compares every "
      "value.\n"
      "\nExample:\n"
      "  mobileclip-server convert models/MobileCLIP2-S0 models/MobileCLIP2-S0-f16 --dtype f16\n"
      "\nWith --config, several models, quantised where the file says so, each loaded and made to embed before it "
      "takes\n"
      "its place; those that are there are skipped:\n"
      "  output: models                    # default: where the file lies\n"
      "  models:\n"
      "    - name: MobileCLIP2-S0-8bit     # of the directory to make\n"
      "      source: downloads/MobileCLIP2-S0\n"
      "      task: image-text              # or text; checked, may be left out\n"
      "      quantization: {bits: 8, group_size: 64, dtype: f16}   # each may be left out\n"
      "    - name: bge-small-40MB\n"
      "      source: downloads/bge-small-en-v1.5\n"
      "      task: text\n"
      "      quantization: {target_size_mb: 40}   # the form of the least loss that fits");
  command->add_option("IN", arguments->source, "Model directory to read")->type_name("");
  command->add_option("OUT", arguments->target, "Model directory to write")->type_name("");
  add_dtype_option(*command, arguments->form.dtype);
  CLI::Option* config = command->add_option("--config", arguments->config, "The models to convert, as YAML");
  config->type_name("FILE")->excludes(command->get_option("--dtype"));  // the file says it, for each model
  command->add_flag("--dry-run", arguments->batch.dry_run, "Say what would be made, and how large")->needs(config);
  command->add_flag("--force", arguments->batch.force, "Replace models that are there")->needs(config);
  command->callback([arguments, &action] {
    action = [arguments] { return arguments->config.empty() ? convert_one(*arguments) : convert_many(*arguments); };
  });
}

}  // namespace mobileclip::server
