#include "engine/models/encoders/sentence_config_file.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/json_members.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using kernels::Activation;
using Json = JsonMembers::Json;

constexpr int kMaxTokens = 1'000'000;

// In the order in which sentence-transformers concatenates them.
constexpr std::array<std::pair<const char*, Pooling>, 6> kPoolingModes{{
    {"pooling_mode_cls_token", Pooling::kCls},
    {"pooling_mode_max_tokens", Pooling::kMax},
    {"pooling_mode_mean_tokens", Pooling::kMean},
    {"pooling_mode_mean_sqrt_len_tokens", Pooling::kMeanSqrtLen},
    {"pooling_mode_weightedmean_tokens", Pooling::kWeightedMean},
    {"pooling_mode_lasttoken", Pooling::kLastToken},
}};

// By the last part of the class's name: "torch.nn.modules.activation.Tanh".
constexpr std::array<std::pair<std::string_view, Activation>, 6> kDenseActivations{{
    {"Tanh", Activation::kTanh},
    {"Identity", Activation::kNone},
    {"ReLU", Activation::kRelu},
    {"GELU", Activation::kGelu},
    {"SiLU", Activation::kSilu},
    {"Sigmoid", Activation::kSigmoid},
}};

// What the file was called before it had one name for all architectures.
constexpr std::array<std::string_view, 5> kTransformerConfigFiles{
    "sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
    "sentence_camembert_config.json", "sentence_xlm-roberta_config.json"};

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

struct Module {
  std::string type;  ///< "Pooling"
  std::string path;  ///< "1_Pooling"
};

/// A path within the model's directory: anything else could name what has nothing to do with the model.
void check_path(const JsonMembers& members, const std::string& path) {
  const fs::path relative(path);
  const bool leaves = std::ranges::any_of(relative, [](const fs::path& part) { return part == ".."; });
  if (relative.is_absolute() || leaves) members.fail("path", "a folder of the model's directory", printable(path));
}

std::vector<Module> read_modules(const fs::path& file) {
  const Json document = read_json(file);
  if (!document.is_array() || document.empty()) {
    throw LoadError(file.string() + ": expected an array of modules, found " + document.type_name());
  }
  std::vector<Module> modules;
  for (const Json& entry : document) {
    const std::string where = "module " + std::to_string(modules.size()) + ": ";
    if (!entry.is_object()) throw LoadError(file.string() + ": " + where + "expected an object");
    const JsonMembers members(entry, file, where);
    const std::string type = members.string("type").value_or("");
    const Json* const path = members.find("path");
    if (path && !path->is_string()) members.fail("path", "a string", path->type_name());
    modules.push_back({.type = std::string(last_part(type)), .path = path ? path->get<std::string>() : ""});
    check_path(members, modules.back().path);
  }
  return modules;
}

void read_pooling(const fs::path& file, SentenceConfig& config) {
  const Json document = read_json_object(file);
  const JsonMembers members(document, file, "");
  PoolingConfig& pooling = config.pooling;
  pooling.modes.clear();
  for (const auto& [key, mode] : kPoolingModes) {
    if (members.boolean(key).value_or(false)) pooling.modes.push_back(mode);
  }
  if (pooling.modes.empty()) members.fail("pooling_mode_…", "at least one that is true and known", "none");
  config.prompts.pooled = members.boolean("include_prompt").value_or(true);
}

DenseConfig read_dense(const fs::path& directory, const std::string& path) {
  const fs::path file = directory / path / "config.json";
  const Json document = read_json_object(file);
  const JsonMembers members(document, file, "");
  const auto features = [&](const char* key) {
    const auto count = members.positive(key);
    if (!count) members.fail(key, "a positive integer", "nothing");
    return *count;
  };
  // The class's own default.
  const std::string activation = members.string("activation_function").value_or("torch.nn.modules.activation.Tanh");
  const auto* const known =
      std::ranges::find(kDenseActivations, last_part(activation), &std::pair<std::string_view, Activation>::first);
  if (known == kDenseActivations.end()) {
    std::string names;
    for (const auto& [name, kind] : kDenseActivations) names.append(names.empty() ? "" : ", ").append(name);
    members.fail("activation_function", "one of " + names, printable(activation));
  }
  return {.path = path,
          .in_features = features("in_features"),
          .out_features = features("out_features"),
          .bias = members.boolean("bias").value_or(true),
          .activation = known->second};
}

/// Transformer, Pooling, any number of Dense, perhaps Normalize: which asks for nothing, since requests normalise.
void read_pipeline(const fs::path& directory, SentenceConfig& config) {
  const fs::path file = directory / "modules.json";
  const std::vector<Module> modules = read_modules(file);
  const auto expect = [&](std::size_t index, const std::string& expected) {
    throw LoadError(file.string() + ": module " + std::to_string(index) + ": expected " + expected + ", found " +
                    (index < modules.size() ? printable(modules[index].type) : "the end"));
  };
  if (modules[0].type != "Transformer") expect(0, "a Transformer");
  config.transformer_path = modules[0].path;
  if (modules.size() < 2 || modules[1].type != "Pooling") expect(1, "a Pooling");
  read_pooling(directory / modules[1].path / "config.json", config);
  for (std::size_t i = 2; i < modules.size(); ++i) {
    if (modules[i].type == "Dense") {
      config.dense.push_back(read_dense(directory, modules[i].path));
    } else if (modules[i].type != "Normalize" || i + 1 != modules.size()) {
      expect(i, "Dense, or Normalize as the last");
    }
  }
}

std::optional<int> token_count(const JsonMembers& members, const char* key) {
  const Json* const value = members.find(key);
  if (!value) return std::nullopt;
  if (!value->is_number() || *value < 1) members.fail(key, "a positive number", value->dump());
  // Tokenisers without a limit of their own say 1e30.
  return *value > kMaxTokens ? std::nullopt : std::optional(value->get<int>());
}

void read_transformer_config(const fs::path& transformer, SentenceConfig& config) {
  for (const std::string_view name : kTransformerConfigFiles) {
    const fs::path file = transformer / name;
    if (!fs::exists(file)) continue;
    const Json document = read_json_object(file);
    const JsonMembers members(document, file, "");
    config.max_tokens = token_count(members, "max_seq_length");
    config.lower_case = members.boolean("do_lower_case").value_or(false);
    return;
  }
}

void read_prompts(const fs::path& file, PromptsConfig& prompts) {
  if (!fs::exists(file)) return;
  const Json document = read_json_object(file);
  const JsonMembers members(document, file, "");
  if (const auto texts = members.object("prompts")) {
    for (const auto& [name, text] : members.find("prompts")->items()) {
      if (!text.is_string()) texts->fail(name.c_str(), "a string", text.type_name());
      prompts.texts.emplace(name, text.get<std::string>());
    }
  }
  prompts.default_name = members.string("default_prompt_name");
  if (prompts.default_name && !prompts.texts.contains(*prompts.default_name)) {
    members.fail("default_prompt_name", "the name of one of the prompts", printable(*prompts.default_name));
  }
}

}  // namespace

SentenceConfig read_sentence_config(const fs::path& directory) {
  SentenceConfig config;
  if (fs::exists(directory / "modules.json")) read_pipeline(directory, config);
  const fs::path transformer = directory / config.transformer_path;
  read_transformer_config(transformer, config);
  const fs::path tokenizer_config = transformer / "tokenizer_config.json";
  if (!config.max_tokens && fs::exists(tokenizer_config)) {
    const Json document = read_json_object(tokenizer_config);
    const JsonMembers members(document, tokenizer_config, "");
    // "max_len" is what it was called before 2020; transformers still reads it.
    config.tokenizer_max_tokens =
        token_count(members, members.find("model_max_length") ? "model_max_length" : "max_len");
  }
  read_prompts(directory / "config_sentence_transformers.json", config.prompts);
  return config;
}

}  // namespace mobileclip
