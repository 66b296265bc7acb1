// mobileclip-server quantize: a model's matrices into MLX's 4 or 8 bits.
#include <CLI/CLI.hpp>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "engine/models/convert.h"
#include "server/cli/calibration.h"
#include "server/cli/command.h"
#include "server/cli/interruptible_progress.h"
#include "server/cli/weights_options.h"

namespace mobileclip::server {
namespace {

struct QuantizeArguments {
  std::string source;
  std::string target;
  std::string calibration;
  AffineFormat format{.bits = 8, .group_size = kUsualGroupSize};
  DType dtype = DType::kF32;
};

int run(const QuantizeArguments& arguments) {
  ConvertReport report;
  CalibrationInputs inputs;
  std::optional<Agreement> agreement;
  if (!arguments.calibration.empty()) inputs = read_calibration_inputs(arguments.calibration);
  {
    InterruptibleProgress progress;
    const WeightsForm form{.dtype = arguments.dtype, .quantized = arguments.format};
    report = convert_model(arguments.source, arguments.target, form, progress.callback());
    if (inputs.size() > 0) agreement = calibrate(inputs, arguments.source, arguments.target, progress.callback());
  }
  std::cout << arguments.target << ": " << report.model << ", " << report.modules << " matrices in "
            << to_string(arguments.format) << ", " << report.tensors << " tensors written, read back and compared\n"
            << "source layout: " << report.source_layout << "\n"
            << "weights:       " << with_thousands(report.bytes) << " bytes, in float32 "
            << with_thousands(report.full_bytes) << "\n"
            << "fingerprint:   " << report.fingerprint << "\n";
  if (agreement) {
    std::cout << std::fixed << std::setprecision(5) << "cosine:        " << agreement->least_cosine << " at least, "
              << agreement->mean_cosine << " in the mean, to full precision\n"
              << "neighbours:    " << agreement->same_neighbour << " of " << inputs.size()
              << (inputs.images.empty() ? " texts" : " images") << " keep their nearest\n";
  }
  if (!report.has_vocabulary) std::cout << "vocabulary:    none in the source; add tokenizer.json before serving\n";
  return 0;
}

}  // namespace

void add_quantize_command(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<QuantizeArguments>();
  CLI::App* command = app.add_subcommand("quantize", "Rewrite a model with matrices of 4 or 8 bits, as MLX does");
  command->footer(
      "\nOf a CLIP model, which may lie in any layout that `convert` reads, writes the split layout, the text tower's\n"
      "linear layers and embeddings in MLX's affine form, which the server multiplies as it is; the image tower stays "
      "in\n"
      "full. Of a text encoder (sentence-transformers, Hugging Face), writes the same layout. Reads the result back "
      "and\n"
      "compares every word.\n"
      "\nExample:\n"
      "  mobileclip-server quantize models/MobileCLIP2-S0 models/MobileCLIP2-S0-4bit --bits 4 --calibrate texts.txt");
  command->add_option("IN", arguments->source, "Model directory to read")->type_name("")->required();
  command->add_option("OUT", arguments->target, "Model directory to write")->type_name("")->required();
  command->add_option("--bits", arguments->format.bits, "Bits a weight")
      ->type_name("8|4")
      ->capture_default_str()
      ->check(CLI::IsMember({8, 4}).description(""));
  command->add_option("--group-size", arguments->format.group_size, "Weights that share a scale")
      ->type_name("32|64|128")
      ->capture_default_str()
      ->check(CLI::IsMember({32, 64, 128}).description(""));
  add_dtype_option(*command, arguments->dtype);
  command
      ->add_option("--calibrate", arguments->calibration,
                   "Lines of a file as texts, or a directory's images: print how near the result comes")
      ->type_name("FILE|DIR");
  command->callback([arguments, &action] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace mobileclip::server
