// mobileclip-server embed: embeddings without a server.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/models/loaded_model.h"
#include "engine/nn/precision.h"
#include "engine/runtime/engine.h"
#include "proto_json/json_writer.h"
#include "server/cli/choice_option.h"
#include "server/cli/command.h"
#include "server/cli/embed_folder.h"
#include "server/cli/engine_answers.h"
#include "server/cli/image_file.h"
#include "server/cli/progress_bar.h"

namespace mobileclip::server {
namespace {

struct EmbedArguments {
  std::vector<std::string> inputs;
  std::string folder;
  std::string model;
  std::string output;
  bool all_images = false;
  bool all_texts = false;
  bool no_normalize = false;
  bool no_truncate = false;
  EmbedRequest request;
  EngineOptions engine;
};

struct Input {
  std::string argument;
  Lane kind;
};

std::vector<Input> classify(const EmbedArguments& arguments) {
  std::vector<Input> inputs;
  for (const std::string& argument : arguments.inputs) {
    std::error_code not_a_path;
    const bool image =
        arguments.all_images || (!arguments.all_texts && std::filesystem::is_regular_file(argument, not_a_path));
    inputs.push_back({argument, image ? Lane::kImage : Lane::kText});
  }
  return inputs;
}

/// A file that cannot be read is an error in its own place, like an image that cannot be decoded.
Embedded embed_images(Engine& engine, std::span<const Input> inputs, const EmbedArguments& arguments) {
  std::vector<ImageBytes> images;
  std::vector<std::optional<Error>> unreadable;
  for (const Input& input : inputs) {
    auto encoded = read_image_file(input.argument, arguments.engine.image_limits.max_encoded_bytes);
    if (encoded) {
      auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(*encoded));
      images.push_back({.bytes = *bytes, .owner = bytes});
      unreadable.emplace_back();
    } else {
      unreadable.emplace_back(encoded.error());
    }
  }
  Embedded embedded;
  if (!images.empty()) {
    embedded = await([&](EmbedCallback done) {
      return engine.submit_images(std::move(images), arguments.request, std::move(done));
    });
  }
  Embedded results;
  auto next = embedded.begin();
  for (std::optional<Error>& error : unreadable) {
    if (error) {
      results.emplace_back(std::move(*error));
    } else {
      results.push_back(std::move(*next++));
    }
  }
  return results;
}

Embedded embed_texts(Engine& engine, std::span<const Input> inputs, const EmbedArguments& arguments) {
  std::vector<std::string> texts;
  for (const Input& input : inputs) texts.push_back(input.argument);
  return await(
      [&](EmbedCallback done) { return engine.submit_texts(std::move(texts), arguments.request, std::move(done)); });
}

/// One line: {"input": "dog.jpg", "kind": "image", "embedding": […]}
std::string to_json(const Input& input, const EmbeddedItem& item) {
  proto::JsonWriter json(item.embedding.size() * proto::kMaxFloatBytes + 256);
  json.begin_object().key("input").string(input.argument).key("kind").string(to_string(input.kind));
  json.key("embedding").numbers(item.embedding).end_object();
  return std::move(json).take();
}

/// Prints as it goes, in the order given. Returns how many inputs failed.
std::size_t embed_all(Engine& engine, const std::vector<Input>& inputs, const EmbedArguments& arguments,
                      std::ostream& out, const Progress& progress) {
  constexpr std::size_t kAtOnce = 32;  // bounds what is held in memory, and fills batches
  std::size_t failed = 0;
  for (std::size_t begin = 0; begin < inputs.size();) {
    std::size_t end = begin + 1;
    while (end < inputs.size() && end - begin < kAtOnce && inputs[end].kind == inputs[begin].kind) ++end;
    const auto part = std::span(inputs).subspan(begin, end - begin);
    const Embedded results = inputs[begin].kind == Lane::kImage ? embed_images(engine, part, arguments)
                                                                : embed_texts(engine, part, arguments);
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (results[i]) {
        out << to_json(part[i], *results[i]) << '\n';
      } else {
        ++failed;
        std::cerr << "mobileclip-server: error: " << part[i].argument << ": " << results[i].error().message << '\n';
      }
    }
    begin = end;
    if (progress) progress("Embedding", begin, inputs.size());
  }
  return failed;
}

int run(EmbedArguments arguments) {
  arguments.request.normalize = !arguments.no_normalize;
  arguments.request.truncate = !arguments.no_truncate;
  if (!arguments.folder.empty()) {
    return embed_folder({.folder = arguments.folder,
                         .output = arguments.output,
                         .model = arguments.model,
                         .request = arguments.request,
                         .engine = arguments.engine});
  }
  const std::vector<Input> inputs = classify(arguments);
  ProgressBar bar;
  Engine engine(load_model(arguments.model, bar.callback()), arguments.engine);
  std::ofstream file;
  if (!arguments.output.empty()) {
    file.open(arguments.output, std::ios::binary | std::ios::trunc);
    if (!file) throw std::runtime_error(arguments.output + ": cannot be written");
  }
  std::ostream& out = arguments.output.empty() ? std::cout : file;
  const std::size_t failed = embed_all(engine, inputs, arguments, out, bar.callback());
  out.flush();
  if (!out)
    throw std::runtime_error((arguments.output.empty() ? "standard output" : arguments.output) + ": cannot be written");
  return failed == 0 ? 0 : 1;
}

}  // namespace

void add_embed_command(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<EmbedArguments>();
  CLI::App* command = app.add_subcommand("embed", "Print embeddings of images and texts, without a server");
  command->footer(
      "\nPrints one line of JSON an input: {\"input\": …, \"kind\": \"image\" or \"text\", \"embedding\": […]}.\n"
      "An input that fails is reported on standard error; the others are printed, and the exit status is 1.\n"
      "\nWith --recursive: the images of a folder and those below it, in the order of their paths, into the file that "
      "-o\n"
      "names, an array in .npy or .safetensors with the paths beside it in FILE.paths.jsonl, or lines in .ndjson. "
      "Interrupted,\n"
      "it leaves FILE.journal, and the same command goes on. Hidden files are left out, links to folders not "
      "followed.\n"
      "\nExamples:\n"
      "  mobileclip-server embed --model models/MobileCLIP2-S0 --recursive photos -o photos.npy\n"
      "  mobileclip-server embed --model models/MobileCLIP2-S0 photo.jpg \"a photo of a cat\" \"a photo of a dog\"");
  CLI::Option* inputs =
      command->add_option("INPUT", arguments->inputs, "An existing file is an image, anything else a text")
          ->type_name("");
  CLI::Option* folder = command->add_option("--recursive", arguments->folder, "Embed all images of a folder")
                            ->type_name("DIR")
                            ->excludes(inputs);
  command->add_option("--model", arguments->model, "Model directory")
      ->type_name("DIR")
      ->envname("MOBILECLIP_MODEL")
      ->required();
  CLI::Option* all_images = command->add_flag("--image", arguments->all_images, "Every input is an image file");
  CLI::Option* all_texts =
      command->add_flag("--text", arguments->all_texts, "Every input is a text")->excludes(all_images);
  folder->excludes(all_images)->excludes(all_texts);
  command->add_flag("--no-normalize", arguments->no_normalize, "Leave the vectors at the length the model gives");
  command->add_option("--dimensions", arguments->request.dimensions, "Keep only the first N values")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000).description(""));
  command
      ->add_option("--prompt-name", arguments->request.prompt_name, "Which of the model's prompts to put before texts")
      ->type_name("NAME");
  command->add_flag("--no-truncate", arguments->no_truncate, "Refuse texts longer than the model's context");
  command->add_option("--threads", arguments->engine.threads, "Threads that compute; 0 takes what the machine allows")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024).description(""));
  add_choice_option(*command, "--precision",
                    "Arithmetic of the products: fp32, or bf16 or int8, faster on CPUs with instructions for them",
                    arguments->engine.precision,
                    {{"fp32", Precision::kFp32}, {"bf16", Precision::kBf16}, {"int8", Precision::kInt8}});
  add_choice_option(*command, "--decode", "JPEG decoding: fast shrinks large ones while decoding",
                    arguments->engine.decode, {{"exact", JpegDecoding::kExact}, {"fast", JpegDecoding::kFast}});
  command->add_option("-o,--output", arguments->output, "File to write instead of standard output")->type_name("FILE");
  command->callback([arguments, &action] {
    if (arguments->inputs.empty() && arguments->folder.empty()) throw CLI::RequiredError("INPUT or --recursive");
    action = [arguments] { return run(*arguments); };
  });
}

}  // namespace mobileclip::server
