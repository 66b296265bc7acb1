#include "engine/models/encoders/encoder_config_file.h"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/json_members.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

using kernels::Activation;
using Json = JsonMembers::Json;

constexpr int kMaxCount = 100'000'000;  // of anything a configuration counts

// The names that Hugging Face's ACT2FN gives them; those of one value are the same function to the last digits.
constexpr std::array<std::pair<std::string_view, Activation>, 13> kActivations{{
    {"gelu", Activation::kGelu},
    {"gelu_python", Activation::kGelu},
    {"gelu_new", Activation::kGeluTanh},
    {"gelu_fast", Activation::kGeluTanh},
    {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"gelu_accurate", Activation::kGeluTanh},
    {"quick_gelu", Activation::kQuickGelu},
    {"relu", Activation::kRelu},
    {"silu", Activation::kSilu},
    {"swish", Activation::kSilu},
    {"tanh", Activation::kTanh},
    {"sigmoid", Activation::kSigmoid},
    {"linear", Activation::kNone},
}};

constexpr PostNormNames kBertNames{.layers = "encoder.layer",
                                   .query = "attention.self.query",
                                   .key = "attention.self.key",
                                   .value = "attention.self.value",
                                   .attention_output = "attention.output.dense",
                                   .attention_norm = "attention.output.LayerNorm",
                                   .up = "intermediate.dense",
                                   .down = "output.dense",
                                   .output_norm = "output.LayerNorm"};

constexpr PostNormNames kDistilBertNames{.layers = "transformer.layer",
                                         .query = "attention.q_lin",
                                         .key = "attention.k_lin",
                                         .value = "attention.v_lin",
                                         .attention_output = "attention.out_lin",
                                         .attention_norm = "sa_layer_norm",
                                         .up = "ffn.lin1",
                                         .down = "ffn.lin2",
                                         .output_norm = "output_layer_norm"};

constexpr PostNormNames mpnet_names() {
  PostNormNames names = kBertNames;
  names.query = "attention.attn.q";
  names.key = "attention.attn.k";
  names.value = "attention.attn.v";
  names.attention_output = "attention.attn.o";
  names.attention_norm = "attention.LayerNorm";
  return names;
}

constexpr PostNormNames deberta_v2_names() {
  PostNormNames names = kBertNames;
  names.query = "attention.self.query_proj";
  names.key = "attention.self.key_proj";
  names.value = "attention.self.value_proj";
  return names;
}

/// A config.json, read member by member.
class Config {
 public:
  explicit Config(JsonMembers members) : members_(std::move(members)) {}

  [[nodiscard]] int count(const char* key) const {
    const auto value = members_.positive(key);
    if (!value) members_.fail(key, "a positive integer", "nothing");
    return *value;
  }
  [[nodiscard]] int count(const char* key, int otherwise) const { return members_.positive(key).value_or(otherwise); }

  /// 0 and less allowed: there they mean that something is not there.
  [[nodiscard]] int integer(const char* key, int otherwise) const {
    const Json* const value = members_.find(key);
    if (!value) return otherwise;
    if (!value->is_number_integer() || *value < -1 || *value > kMaxCount) {
      members_.fail(key, "an integer from -1 on", value->is_number() ? value->dump() : value->type_name());
    }
    return value->get<int>();
  }

  [[nodiscard]] double number(const char* key, double otherwise) const {
    const Json* const value = members_.find(key);
    if (!value) return otherwise;
    if (!value->is_number() || !(value->get<double>() > 0)) {
      members_.fail(key, "a positive number", value->is_number() ? value->dump() : value->type_name());
    }
    return value->get<double>();
  }

  [[nodiscard]] bool flag(const char* key, bool otherwise) const { return members_.boolean(key).value_or(otherwise); }

  [[nodiscard]] Activation activation(const char* key, std::string_view otherwise) const {
    const std::string name = members_.string(key).value_or(std::string(otherwise));
    const auto* const found = std::ranges::find(kActivations, name, &std::pair<std::string_view, Activation>::first);
    if (found != kActivations.end()) return found->second;
    std::string known;
    for (const auto& [known_name, activation] : kActivations)
      known.append(known.empty() ? "" : ", ").append(known_name);
    members_.fail(key, "one of " + known, printable(name));
  }

  /// Of `width` channels in so many heads of one size.
  [[nodiscard]] int heads(const char* key, int width) const {
    const int heads = count(key);
    if (width % heads != 0) {
      members_.fail(key, "a divisor of the width, " + std::to_string(width), std::to_string(heads));
    }
    return heads;
  }

  /// Parts of a string such as "p2c|c2p", or of a list of strings.
  [[nodiscard]] std::vector<std::string> parts(const char* key) const {
    const Json* const value = members_.find(key);
    std::vector<std::string> parts;
    if (!value) return parts;
    const auto add = [&](std::string part) {
      std::erase(part, ' ');
      std::ranges::transform(part, part.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      parts.push_back(std::move(part));
    };
    if (value->is_string()) {
      std::istringstream text(value->get<std::string>());
      for (std::string part; std::getline(text, part, '|');) add(part);
      return parts;
    }
    if (!value->is_array()) members_.fail(key, "a string or an array of strings", value->type_name());
    for (const Json& part : *value) {
      if (!part.is_string()) members_.fail(key, "an array of strings", part.type_name());
      add(part.get<std::string>());
    }
    return parts;
  }

  [[nodiscard]] const JsonMembers& members() const { return members_; }

 private:
  JsonMembers members_;
};

// ------------------------------------------------------------------------------------------------ post-norm

PostNormConfig bert_like(const Config& c, const PostNormNames& names, int default_token_types, double default_eps) {
  c.members().allow_only("position_embedding_type", "absolute");
  const int width = c.count("hidden_size");
  return {.names = names,
          .embeddings = {.vocab_size = c.count("vocab_size"),
                         .width = width,
                         .max_position_embeddings = c.count("max_position_embeddings"),
                         .token_types = std::max(0, c.integer("type_vocab_size", default_token_types))},
          .hidden_size = width,
          .layers = c.count("num_hidden_layers"),
          .heads = c.heads("num_attention_heads", width),
          .intermediate_size = c.count("intermediate_size"),
          .hidden_act = c.activation("hidden_act", "gelu"),
          .layer_norm_eps = static_cast<float>(c.number("layer_norm_eps", default_eps)),
          .attention = PlainAttention{}};
}

/// Positions from the padding's id on; one position at least is left for a token.
void count_from_padding(const Config& c, PostNormConfig& config) {
  const int padding = c.integer("pad_token_id", 1);
  if (padding < 0 || padding + 1 >= config.embeddings.max_position_embeddings) {
    c.members().fail("pad_token_id", "an id that leaves positions for tokens", std::to_string(padding));
  }
  config.embeddings.padding_id = padding;
}

EncoderConfig bert(const Config& c) { return bert_like(c, kBertNames, 2, 1e-12); }

EncoderConfig roberta(const Config& c) {
  PostNormConfig config = bert_like(c, kBertNames, 2, 1e-12);
  count_from_padding(c, config);
  return config;
}

EncoderConfig mpnet(const Config& c) {
  PostNormConfig config = bert_like(c, mpnet_names(), 0, 1e-12);
  count_from_padding(c, config);
  config.embeddings.token_types = 0;
  const int buckets = c.count("relative_attention_num_buckets", 32);
  if (buckets % 4 != 0) {
    c.members().fail("relative_attention_num_buckets", "a multiple of 4", std::to_string(buckets));
  }
  config.attention = RelativeBiasAttention{.buckets = buckets};
  return config;
}

EncoderConfig distilbert(const Config& c) {
  const int width = c.count("dim");
  return PostNormConfig{.names = kDistilBertNames,
                        .embeddings = {.vocab_size = c.count("vocab_size"),
                                       .width = width,
                                       .max_position_embeddings = c.count("max_position_embeddings")},
                        .hidden_size = width,
                        .layers = c.count("n_layers"),
                        .heads = c.heads("n_heads", width),
                        .intermediate_size = c.count("hidden_dim"),
                        .hidden_act = c.activation("activation", "gelu"),
                        .layer_norm_eps = 1e-12F,
                        .attention = PlainAttention{}};
}

bool contains(const std::vector<std::string>& parts, std::string_view part) {
  return std::ranges::find(parts, part) != parts.end();
}

PostNormConfig deberta_like(const Config& c, const PostNormNames& names) {
  PostNormConfig config = bert_like(c, names, 0, 1e-7);
  config.embeddings.width = c.count("embedding_size", config.hidden_size);
  config.embeddings.has_positions = c.flag("position_biased_input", true);
  return config;
}

/// v1 counts every kind in its scale, v2 those it knows.
DisentangledAttention disentangled(const Config& c, bool is_v1) {
  const std::vector<std::string> kinds = c.parts("pos_att_type");
  const bool c2p = contains(kinds, "c2p");
  const bool p2c = contains(kinds, "p2c");
  const bool relative = c.flag("relative_attention", false);
  int distance = c.integer("max_relative_positions", -1);
  if (distance < 1) distance = c.count("max_position_embeddings");
  const int buckets = is_v1 ? 0 : std::max(0, c.integer("position_buckets", -1));
  if (buckets > 0 && (buckets < 4 || distance - 1 <= buckets / 2)) {
    c.members().fail("position_buckets", "4 or more, and half of it below max_relative_positions - 1",
                     std::to_string(buckets));
  }
  return {.content_to_position = relative && c2p,
          .position_to_content = relative && p2c,
          .kinds = is_v1 ? static_cast<int>(kinds.size()) : int{c2p} + int{p2c},
          .span = relative ? (buckets > 0 ? buckets : distance) : 0,
          .buckets = buckets,
          .max_distance = distance,
          .shares_keys = !is_v1 && c.flag("share_att_key", false),
          .norms_table = !is_v1 && contains(c.parts("norm_rel_ebd"), "layer_norm"),
          .interleaved = is_v1};
}

EncoderConfig deberta(const Config& c) {
  if (c.flag("talking_head", false)) c.members().fail("talking_head", "false: talking heads are not supported", "true");
  PostNormConfig config = deberta_like(c, kBertNames);
  config.attention = disentangled(c, true);
  return config;
}

EncoderConfig deberta_v2(const Config& c) {
  PostNormConfig config = deberta_like(c, deberta_v2_names());
  config.attention = disentangled(c, false);
  const int kernel = c.integer("conv_kernel_size", 0);
  if (kernel > 0) {
    const int groups = c.count("conv_groups", 1);
    if (kernel % 2 == 0) c.members().fail("conv_kernel_size", "an odd number", std::to_string(kernel));
    if (config.hidden_size % groups != 0) {
      c.members().fail("conv_groups", "a divisor of hidden_size", std::to_string(groups));
    }
    config.conv = {.kernel_size = kernel, .groups = groups, .activation = c.activation("conv_act", "tanh")};
  }
  return config;
}

// ------------------------------------------------------------------------------------------------ the others

/// Version 5 of transformers writes a list, those before it a rule.
std::vector<bool> local_layers(const Config& c) {
  const int layers = c.count("num_hidden_layers");
  std::vector<bool> local(static_cast<std::size_t>(layers));
  const std::vector<std::string> types = c.parts("layer_types");
  if (types.empty()) {
    const int every = c.count("global_attn_every_n_layers", 3);
    for (std::size_t i = 0; i < local.size(); ++i) local[i] = static_cast<int>(i) % every != 0;
    return local;
  }
  if (types.size() != local.size()) {
    c.members().fail("layer_types", std::to_string(layers) + " types", std::to_string(types.size()));
  }
  for (std::size_t i = 0; i < local.size(); ++i) {
    if (types[i] != "full_attention" && types[i] != "sliding_attention") {
      c.members().fail("layer_types", R"("full_attention" or "sliding_attention")", printable(types[i]));
    }
    local[i] = types[i] == "sliding_attention";
  }
  return local;
}

/// {"full_attention": {"rope_theta": …}, …} in version 5, a number of its own before.
double theta(const Config& c, const char* type, const char* key, double otherwise) {
  if (const auto rope = c.members().object("rope_parameters")) {
    if (const auto of_type = rope->object(type)) {
      of_type->allow_only("rope_type", "default");
      if (of_type->find("rope_theta")) return Config(*of_type).number("rope_theta", otherwise);
    }
  }
  return c.number(key, otherwise);
}

EncoderConfig modernbert(const Config& c) {
  const int width = c.count("hidden_size");
  const int heads = c.heads("num_attention_heads", width);
  if (width / heads % 2 != 0) {
    c.members().fail("num_attention_heads", "heads of an even size, which rotary embeddings turn by pairs",
                     std::to_string(heads));
  }
  const double global_theta = theta(c, "full_attention", "global_rope_theta", 160'000.0);
  // Absent, the local layers have a theta of their own; null says that they share the global one.
  const bool is_null = c.members().is_null("local_rope_theta");
  return ModernBertConfig{
      .vocab_size = c.count("vocab_size"),
      .max_position_embeddings = c.count("max_position_embeddings", 8192),
      .hidden_size = width,
      .heads = heads,
      .intermediate_size = c.count("intermediate_size"),
      .hidden_activation = c.activation("hidden_activation", "gelu"),
      .norm_eps = static_cast<float>(c.number("norm_eps", 1e-5)),
      .norm_bias = c.flag("norm_bias", false),
      .attention_bias = c.flag("attention_bias", false),
      .mlp_bias = c.flag("mlp_bias", false),
      .is_local = local_layers(c),
      .window = c.count("local_attention", 128) / 2,
      .global_theta = global_theta,
      .local_theta = theta(c, "sliding_attention", "local_rope_theta", is_null ? global_theta : 10'000.0)};
}

EncoderConfig mobilebert(const Config& c) {
  c.members().allow_only("position_embedding_type", "absolute");
  const int width = c.count("hidden_size");
  const std::string norm = c.members().string("normalization_type").value_or("no_norm");
  if (norm != "no_norm" && norm != "layer_norm") {
    c.members().fail("normalization_type", R"("no_norm" or "layer_norm")", printable(norm));
  }
  MobileBertConfig config{.embeddings = {.vocab_size = c.count("vocab_size"),
                                         .width = c.count("embedding_size", 128),
                                         .max_position_embeddings = c.count("max_position_embeddings"),
                                         .token_types = std::max(0, c.integer("type_vocab_size", 2))},
                          .trigram_input = c.flag("trigram_input", true),
                          .hidden_size = width,
                          .layers = c.count("num_hidden_layers"),
                          .heads = 1,
                          .intermediate_size = c.count("intermediate_size"),
                          .hidden_act = c.activation("hidden_act", "relu"),
                          .layer_norm_eps = static_cast<float>(c.number("layer_norm_eps", 1e-12)),
                          .no_norm = norm == "no_norm",
                          .bottleneck = std::nullopt,
                          .bottleneck_attention = c.flag("use_bottleneck_attention", false),
                          .shared_bottleneck = c.flag("key_query_shared_bottleneck", true),
                          .feed_forward_networks = c.count("num_feedforward_networks", 4)};
  if (c.flag("use_bottleneck", true)) config.bottleneck = c.count("intra_bottleneck_size", 128);
  config.heads = c.heads("num_attention_heads", config.inner_size());
  const bool reads_input = !config.bottleneck_attention && !config.shared_bottleneck;
  if (reads_input && config.inner_size() != width) {
    c.members().fail("key_query_shared_bottleneck",
                     "true, or use_bottleneck_attention: queries and keys need a bottleneck", "false");
  }
  return config;
}

struct Family {
  std::string_view model_type;
  EncoderConfig (*read)(const Config&);
};
constexpr std::array<Family, 10> kFamilies{{{"bert", &bert},
                                            {"distilbert", &distilbert},
                                            {"mobilebert", &mobilebert},
                                            {"roberta", &roberta},
                                            {"xlm-roberta", &roberta},
                                            {"camembert", &roberta},
                                            {"mpnet", &mpnet},
                                            {"deberta", &deberta},
                                            {"deberta-v2", &deberta_v2},
                                            {"modernbert", &modernbert}}};

}  // namespace

EncoderConfig read_encoder_config(const std::filesystem::path& file) {
  const Json document = read_json_object(file);
  const Config config(JsonMembers(document, file, ""));
  const std::string type = config.members().string("model_type").value_or("");
  const auto* const family = std::ranges::find(kFamilies, type, &Family::model_type);
  if (family != kFamilies.end()) return family->read(config);
  std::string known;
  for (const Family& one : kFamilies) known.append(known.empty() ? "" : ", ").append(one.model_type);
  config.members().fail("model_type", "one of " + known, type.empty() ? "nothing" : printable(type));
}

std::string read_model_type(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return "";
  const Json document = read_json_object(file);
  const auto type = document.find("model_type");
  return type != document.end() && type->is_string() ? type->get<std::string>() : "";
}

}  // namespace mobileclip
