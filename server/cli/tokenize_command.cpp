// mobileclip-server tokenize: the ids that the model gets for a text.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/encoders/sentence_model.h"
#include "engine/tokenizer/clip_tokenizer.h"
#include "engine/tokenizer/hf/hf_tokenizer.h"
#include "server/cli/command.h"

namespace mobileclip::server {
namespace {

constexpr int kClipContext = 77;

struct TokenizeArguments {
  std::string model;       ///< a directory that holds a vocabulary,
  std::string vocabulary;  ///< or a vocabulary
  std::vector<std::string> texts;
  std::optional<std::size_t> context;  ///< ids at most
  bool pad = false;
  bool no_pad = false;  ///< accepted to say what is so anyway
};

/// The tokeniser of a text encoder's directory, or CLIP's; and how many ids a text has at most.
ModelTokenizer load_tokenizer(const TokenizeArguments& arguments) {
  if (!arguments.model.empty() && is_sentence_directory(arguments.model))
    return load_sentence_tokenizer(arguments.model);
  const std::string& path = arguments.vocabulary.empty() ? arguments.model : arguments.vocabulary;
  if (is_hf_tokenizer(path))
    return {.tokenizer = load_hf_tokenizer(path), .max_tokens = std::numeric_limits<int>::max()};
  return {.tokenizer = std::make_unique<ClipTokenizer>(ClipTokenizer::load(path)), .max_tokens = kClipContext};
}

/// Prints one line, "[49406,320,2368,49407]". `where` names the text in errors.
void print_ids(const ModelTokenizer& model, const TokenizeArguments& arguments, std::string_view text,
               const std::string& where) {
  if (arguments.pad && !arguments.context && model.max_tokens == std::numeric_limits<int>::max())
    throw UsageError("--pad: say to how many ids, by --context");
  const std::size_t context = arguments.context.value_or(static_cast<std::size_t>(model.max_tokens));
  auto tokenized = model.tokenizer->encode(text, context);
  if (!tokenized) throw std::runtime_error(where + ": " + tokenized.error().message);
  std::vector<std::int32_t>& ids = tokenized->ids;
  if (arguments.pad) ids.resize(context, 0);
  std::string line = "[";
  for (const std::int32_t id : ids) line.append(line.size() > 1 ? "," : "").append(std::to_string(id));
  std::cout << line << "]\n";
}

int run(const TokenizeArguments& arguments) {
  if (arguments.model.empty() && arguments.vocabulary.empty()) {
    throw UsageError("no vocabulary given: use --model DIR or --vocab FILE (see: mobileclip-server tokenize --help)");
  }
  const ModelTokenizer tokenizer = load_tokenizer(arguments);
  if (arguments.texts.size() == 1 && arguments.texts.front() == "-") {
    std::string line;
    for (std::size_t number = 1; std::getline(std::cin, line); ++number) {
      print_ids(tokenizer, arguments, line, "standard input, line " + std::to_string(number));
    }
    return 0;
  }
  for (std::size_t i = 0; i < arguments.texts.size(); ++i) {
    print_ids(tokenizer, arguments, arguments.texts[i], "text " + std::to_string(i + 1));
  }
  return 0;
}

}  // namespace

void add_tokenize_command(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<TokenizeArguments>();
  CLI::App* command = app.add_subcommand("tokenize", "Print the token ids of texts");
  command->footer(
      "\nExamples:\n"
      "  mobileclip-server tokenize --model models/MobileCLIP2-S0 \"a photo of a cat\"\n"
      "  mobileclip-server tokenize --vocab bpe_simple_vocab_16e6.txt.gz - < texts.txt\n"
      "  mobileclip-server tokenize --vocab tokenizer.json -- --a-text-with-dashes");
  command
      ->add_option("TEXT", arguments->texts,
                   "Texts, one line of ids each; - reads them from standard input, one a line")
      ->type_name("")
      ->required();
  CLI::Option* model =
      command->add_option("--model", arguments->model, "Model directory, for its vocabulary")->type_name("DIR");
  command
      ->add_option("--vocab", arguments->vocabulary,
                   "tokenizer.json, vocab.txt, vocab.json (with merges.txt), or bpe_simple_vocab_16e6.txt[.gz]")
      ->type_name("FILE")
      ->excludes(model);
  command
      ->add_option("--context", arguments->context,
                   "Longest result; a longer text is cut as the model's reference does")
      ->type_name("IDS")
      ->default_str("77, or what a text encoder takes")
      ->check(CLI::Range(2, 1'000'000).description(""));
  CLI::Option* pad = command->add_flag("--pad", arguments->pad, "Fill up with zeros to --context ids");
  command->add_flag("--no-pad", arguments->no_pad, "Print a text's own ids only; the default")->excludes(pad);
  command->callback([arguments, &action] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace mobileclip::server
