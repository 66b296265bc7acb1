// mobileclip-server selftest: see server/cli/selftest.h.
#include "server/cli/selftest.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "engine/kernels/dispatch.h"
#include "engine/models/synthesize.h"
#include "server/cli/command.h"
#include "server/cli/progress_bar.h"
#include "server/cli/temporary_directory.h"

namespace mobileclip::server {
namespace {

struct SelfTestArguments {
  std::string model;
  std::string isa = "auto";
};

constexpr std::string_view kDefaultModel = "MobileCLIP2-S0";

const kernels::Kernels& kernels_of(const std::string& isa) {
  if (const kernels::Kernels* found = kernels::find(isa)) return *found;
  std::string available;
  for (const kernels::Kernels* one : kernels::available())
    available.append(available.empty() ? "" : ", ").append(one->isa);
  throw UsageError("--isa: expected auto or one of this machine's (" + available + "), found '" + isa + "'");
}

int run(const SelfTestArguments& arguments) {
  const kernels::Kernels& kernels = kernels_of(arguments.isa);
  ProgressBar bar;
  std::optional<TemporaryDirectory> temporary;
  std::filesystem::path directory = arguments.model;
  if (directory.empty()) {
    std::cout << "no --model: testing " << kDefaultModel << " with synthetic weights" << std::endl;
    directory = temporary.emplace().path();
    synthesize_model(*find_model(kDefaultModel), directory, {}, bar.callback());
  }
  const SelfTestResult result = self_test(directory, kernels, std::cout, bar.callback());
  std::cout << result.passed << " passed, " << result.failed << " failed" << std::endl;
  return result.failed == 0 ? 0 : 1;
}

void add_isa_option(CLI::App& command, std::string& isa) {
  command.add_option("--isa", isa, "Instruction set of the kernels")->type_name("TEXT")->capture_default_str();
}

}  // namespace

void add_test_model_command(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<SelfTestArguments>();
  CLI::App* command = app.add_subcommand("test-model", "Check that a model is whole and gives the numbers it should");
  command->footer(
      "\nLoads the model and checks its tokens; that its embeddings are finite, the same each time and the same alone\n"
      "and together; that the engine runs it in every batch shape; and its numbers against what is known of them: the\n"
      "references in this binary (see: mobileclip-server selftest --help), and DIR/reference_embeddings.json,\n"
      "  {\"texts\": [\"…\"], \"text_embeddings\": [[…]], \"images\": [\"photo.jpg\"], \"image_embeddings\": [[…]]},\n"
      "with \"min_cosine\" where 0.9999 is not what is asked for. Images are files in DIR.\n"
      "\nPrints one line a check and 'N passed, N failed'; exit status 1 where any failed.");
  command->add_option("DIR", arguments->model, "Model directory")->type_name("")->required();
  add_isa_option(*command, arguments->isa);
  command->callback([arguments, &action] { action = [arguments] { return run(*arguments); }; });
}

void add_selftest_command(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<SelfTestArguments>();
  CLI::App* command = app.add_subcommand("selftest", "Check that this machine computes the right numbers");
  command->footer(
      "\nChecks token ids and embeddings against the reference's: for the published MobileCLIP2-S0 weights their own "
      "text\n"
      "embedding (cosine above 0.9999), for synthetic weights of seed 1 the PyTorch reference in float64 (relative "
      "error at most\n"
      "5e-6). Without --model it makes a synthetic MobileCLIP2-S0 in a temporary directory and checks that.\n"
      "\nPrints one line a check and 'N passed, N failed'; exit status 1 where any failed.");
  command->add_option("--model", arguments->model, "Model directory; as test-model DIR")->type_name("DIR");
  add_isa_option(*command, arguments->isa);
  command->callback([arguments, &action] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace mobileclip::server
