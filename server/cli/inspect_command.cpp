// mobileclip-server inspect: what is in a weights file or a model directory.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "engine/models/inspect.h"
#include "server/cli/command.h"
#include "server/cli/weights_options.h"
#include "server/config/units.h"

namespace mobileclip::server {
namespace {

struct InspectArguments {
  std::string path;
  bool summary = false;
};

/// "288 tensors (288 F32), 11,368,512 parameters, 45474048B"
std::string totals(const InspectedFile& file) {
  std::map<std::string_view, std::size_t> dtypes;
  for (const InspectedTensor& tensor : file.tensors) ++dtypes[to_string(tensor.dtype)];
  std::string text = std::to_string(file.tensors.size()) + " tensors (";
  for (const auto& [dtype, count] : dtypes) {
    text.append(text.ends_with('(') ? "" : ", ").append(std::to_string(count)).append(" ").append(dtype);
  }
  return text + "), " + with_thousands(file.parameters) + " parameters, " + with_thousands(file.bytes) + " bytes";
}

void print_tensors(const InspectedFile& file) {
  std::size_t longest_name = 0;
  std::size_t longest_shape = 0;
  for (const InspectedTensor& tensor : file.tensors) {
    longest_name = std::max(longest_name, tensor.name.size());
    longest_shape = std::max(longest_shape, to_string(tensor.shape).size());
  }
  for (const InspectedTensor& tensor : file.tensors) {
    std::cout << "  " << std::left << std::setw(static_cast<int>(longest_name)) << tensor.name << "  " << std::setw(4)
              << to_string(tensor.dtype) << "  " << std::setw(static_cast<int>(longest_shape))
              << to_string(tensor.shape) << "  " << with_thousands(tensor.elements) << "\n";
  }
}

void print_file(const InspectedFile& file, bool summary) {
  std::cout << file.path.string() << "\n";
  if (!file.problem.empty()) {
    std::cout << "  cannot be read: " << file.problem << "\n";
    return;
  }
  std::cout << "  " << file.format << ": " << totals(file) << "\n";
  if (!file.recognised.empty()) std::cout << "  " << file.recognised << "\n";
  for (const auto& [key, value] : file.metadata) std::cout << "  metadata " << key << ": " << value << "\n";
  if (!summary) print_tensors(file);
  std::cout << "\n";
}

void print_line(const char* label, const std::string& value) {
  if (!value.empty()) std::cout << std::left << std::setw(14) << label << value << "\n";
}

void print_directory(const Inspection& inspection) {
  std::string model = inspection.model;
  if (inspection.synthetic) model += ", synthetic: its embeddings mean nothing";
  print_line("model:", model);
  print_line("layout:", inspection.layout);
  print_line("image tower:", inspection.image_form.empty()
                                 ? ""
                                 : inspection.image_form + " form, convolutions " + inspection.conv_layout);
  print_line("vocabulary:", inspection.vocabulary);
  if (inspection.logit_scale != 0)
    std::cout << std::left << std::setw(14) << "logit scale:" << inspection.logit_scale << "\n";
  print_line("fingerprint:", inspection.fingerprint);
  for (const std::string& problem : inspection.problems) print_line("problem:", problem);
}

int run(const InspectArguments& arguments) {
  const Inspection inspection = inspect(arguments.path);
  for (const InspectedFile& file : inspection.files) print_file(file, arguments.summary);
  if (inspection.is_directory) print_directory(inspection);
  const bool readable =
      std::ranges::all_of(inspection.files, [](const InspectedFile& file) { return file.problem.empty(); });
  return readable && inspection.problems.empty() ? 0 : 1;
}

}  // namespace

void add_inspect_command(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<InspectArguments>();
  CLI::App* command = app.add_subcommand("inspect", "Show what is in a weights file or a model directory");
  command->footer(
      "\nPrints names, types, shapes and element counts of all tensors and, of a directory, which model it is "
      "recognised as\n"
      "and whether it can be served. Exit status 1 where something is wrong with it.\n"
      "\nExamples:\n"
      "  mobileclip-server inspect models/MobileCLIP2-S0\n"
      "  mobileclip-server inspect --summary open_clip_model.safetensors");
  command
      ->add_option("PATH", arguments->path, ".safetensors, .safetensors.index.json or .npz file, or a model directory")
      ->type_name("")
      ->required();
  command->add_flag("--summary", arguments->summary, "Leave out the single tensors");
  command->callback([arguments, &action] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace mobileclip::server
