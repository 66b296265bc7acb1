#include "engine/models/model_config_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "engine/base/error.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxConfigBytes = 1u << 20;
constexpr int kMaxExtent = 1'000'000;  // nothing a configuration counts comes near it
constexpr double kMaxNumber = 1e6;     // nor means and deviations of pixels in [0, 1]
constexpr double kMinPositive = 1e-6;
constexpr double kMaxLogarithm = 80;  // its exponential is a float32

/// Members of one object of a configuration file, with errors that name file and member.
class Members {
 public:
  Members(const Json& object, const fs::path& file, std::string path)
      : object_(object), file_(file), path_(std::move(path)) {}

  [[noreturn]] void fail(const char* key, const std::string& expected, const std::string& found) const {
    throw LoadError(file_.string() + ": " + path_ + key + ": expected " + expected + ", found " + found);
  }

  /// nullptr where absent or null.
  const Json* find(const char* key) const {
    const auto member = object_.find(key);
    return member == object_.end() || member->is_null() ? nullptr : &*member;
  }

  std::optional<Members> object(const char* key) const {
    const Json* const value = find(key);
    if (!value) return std::nullopt;
    if (!value->is_object()) fail(key, "an object", value->type_name());
    return Members(*value, file_, path_ + key + ".");
  }

  std::optional<int> positive(const char* key) const {
    const Json* const value = find(key);
    if (!value) return std::nullopt;
    return positive(key, *value);
  }

  std::optional<float> logarithm(const char* key) const {
    const Json* const value = find(key);
    if (!value) return std::nullopt;
    if (!value->is_number()) fail(key, "a number", value->type_name());
    const auto number = value->get<double>();
    if (!(std::abs(number) <= kMaxLogarithm)) fail(key, "a logarithm, as checkpoints store it", value->dump());
    return static_cast<float>(number);
  }

  std::optional<bool> boolean(const char* key) const {
    const Json* const value = find(key);
    if (!value) return std::nullopt;
    if (!value->is_boolean()) fail(key, "true or false", value->type_name());
    return value->get<bool>();
  }

  std::optional<std::string> string(const char* key) const {
    constexpr std::size_t kLimit = 200;
    const Json* const value = find(key);
    if (!value) return std::nullopt;
    if (!value->is_string()) fail(key, "a string", value->type_name());
    auto text = value->get<std::string>();
    if (text.empty() || text.size() > kLimit) fail(key, "a name of 1 to 200 bytes", std::to_string(text.size()));
    return text;
  }

  /// 256 or [256, 256].
  std::optional<int> square(const char* key) const {
    const Json* const value = find(key);
    if (!value) return std::nullopt;
    if (!value->is_array()) return positive(key, *value);
    if (value->size() != 2 || (*value)[0] != (*value)[1])
      fail(key, "a square: one size, or two equal ones", value->dump());
    return positive(key, (*value)[0]);
  }

  /// One value a channel.
  std::optional<std::array<float, 3>> rgb(const char* key, bool must_be_positive) const {
    const Json* const value = find(key);
    if (!value) return std::nullopt;
    std::array<float, 3> channels{};
    const char* const expected = must_be_positive ? "an array of three positive numbers" : "an array of three numbers";
    if (!value->is_array() || value->size() != channels.size()) fail(key, expected, value->type_name());
    for (std::size_t c = 0; c < channels.size(); ++c) {
      const Json& channel = (*value)[c];
      if (!channel.is_number()) fail(key, expected, channel.type_name());
      const auto value_of_channel = channel.get<double>();
      if (std::abs(value_of_channel) > kMaxNumber || (must_be_positive && value_of_channel < kMinPositive)) {
        fail(key, expected, channel.dump());
      }
      channels[c] = static_cast<float>(value_of_channel);
    }
    return channels;
  }

  /// Sets `hint`, which two files or members may name, but not differently.
  template <typename T>
  void set(std::optional<T>& hint, const char* key, const std::optional<T>& value) const {
    if (!value) return;
    if (hint && *hint != *value) fail(key, "what the configuration says elsewhere", find(key)->dump());
    hint = value;
  }

  /// Fails where `key` is there and is not `only`: the engine does nothing else.
  void allow_only(const char* key, const Json& only) const {
    const Json* const value = find(key);
    if (value && *value != only) fail(key, only.dump() + ", which is all this engine does", value->dump());
  }

 private:
  int positive(const char* key, const Json& value) const {
    const bool is_good = value.is_number_integer() && value >= 1 && value <= kMaxExtent;
    if (!is_good) fail(key, "a positive integer", value.is_number() ? value.dump() : value.type_name());
    return value.get<int>();
  }

  const Json& object_;
  const fs::path& file_;
  std::string path_;
};

void read_preprocessing(const Members& members, ConfigHints& hints) {
  members.set(hints.mean, "mean", members.rgb("mean", /*must_be_positive=*/false));
  members.set(hints.std, "std", members.rgb("std", /*must_be_positive=*/true));
  members.allow_only("resize_mode", "shortest");
  const auto interpolation = members.string("interpolation");
  if (!interpolation) return;
  if (*interpolation != "bilinear" && *interpolation != "bicubic") {
    members.fail("interpolation", R"("bilinear" or "bicubic")", printable(*interpolation));
  }
  const bool bilinear = *interpolation == "bilinear";
  members.set(hints.interpolation, "interpolation",
              std::optional(bilinear ? Interpolation::kBilinear : Interpolation::kBicubic));
}

/// timm's names may carry the tag of their weights: "fastvit_mci0.apple_mclip2_dfndr2b".
std::string without_tag(const std::string& name) { return name.substr(0, name.find('.')); }

void read_variant(const Members& members, const char* key, ConfigHints& hints) {
  const auto name = members.string(key);
  if (!name) return;
  const MciConfig* const variant = find_mci(without_tag(*name));
  if (!variant) {
    std::string known;
    for (const ModelConfig& model : known_models()) {
      if (!known.empty()) known += ", ";
      known += model.image.name;
    }
    members.fail(key, "one of " + known, printable(*name));
  }
  members.set(hints.image_variant, key, std::optional(std::string(variant->name)));
}

/// Either a whole model's name or an image tower's.
void read_name(const Members& members, const char* key, ConfigHints& hints) {
  const auto name = members.string(key);
  if (name && find_mci(without_tag(*name))) {
    read_variant(members, key, hints);
  } else {
    members.set(hints.model_name, key, name);
  }
}

void read_text_tower(const Members& members, ConfigHints& hints) {
  members.set(hints.width, "width", members.positive("width"));
  members.set(hints.heads, "heads", members.positive("heads"));
  members.set(hints.layers, "layers", members.positive("layers"));
  members.set(hints.context_length, "context_length", members.positive("context_length"));
  members.set(hints.vocab_size, "vocab_size", members.positive("vocab_size"));
  members.set(hints.causal, "causal", members.boolean("causal"));
  if (const auto no_mask = members.boolean("no_causal_mask")) {
    members.set(hints.causal, "no_causal_mask", std::optional(!*no_mask));
  }
  members.allow_only("pool_type", "argmax");
  members.allow_only("embed_cls", false);
  members.allow_only("quick_gelu", false);
  members.allow_only("mlp_ratio", 4.0);
  if (members.find("hf_model_name")) members.fail("hf_model_name", "none: a CLIP text tower", "one");
  if (members.find("ls_init_value")) members.fail("ls_init_value", "none", "one");
}

/// The defaults of open_clip's CLIPTextCfg, which its own configurations leave out.
void apply_open_clip_text_defaults(ConfigHints& hints) {
  constexpr TextConfig kDefaults{};
  hints.width = hints.width.value_or(kDefaults.width);
  hints.heads = hints.heads.value_or(kDefaults.heads);
  hints.layers = hints.layers.value_or(kDefaults.layers);
  hints.context_length = hints.context_length.value_or(kDefaults.context_length);
  hints.vocab_size = hints.vocab_size.value_or(kDefaults.vocab_size);
  hints.causal = hints.causal.value_or(true);
}

void read_model(const Members& model, ConfigHints& hints) {
  model.set(hints.embed_dim, "embed_dim", model.positive("embed_dim"));
  model.allow_only("quick_gelu", false);
  if (const auto vision = model.object("vision_cfg")) {
    read_variant(*vision, "timm_model_name", hints);
    vision->set(hints.image_size, "image_size", vision->square("image_size"));
  }
  if (const auto text = model.object("text_cfg")) {
    read_text_tower(*text, hints);
    apply_open_clip_text_defaults(hints);
  }
}

void read_flat(const Members& members, ConfigHints& hints) {
  read_name(members, "model_name", hints);
  read_name(members, "architecture", hints);
  read_variant(members, "timm_model_name", hints);
  members.set(hints.embed_dim, "embed_dim", members.positive("embed_dim"));
  members.set(hints.image_size, "image_size", members.square("image_size"));
  read_preprocessing(members, hints);
  read_text_tower(members, hints);
  members.set(hints.logit_scale, "logit_scale", members.logarithm("logit_scale"));
  const auto origin = members.string("synthetic_origin");
  if (members.boolean("synthetic").value_or(false)) hints.synthetic = origin.value_or("origin unknown");
}

}  // namespace

void read_config_file(const fs::path& file, ConfigHints& hints) {
  std::error_code ignored;
  if (const auto size = fs::file_size(file, ignored); !ignored && size > kMaxConfigBytes) {
    throw LoadError(file.string() + ": expected at most 1 MiB of JSON, found " + std::to_string(size) + " bytes");
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw LoadError(file.string() + ": cannot be opened");
  Json document;
  try {
    document = Json::parse(stream);
  } catch (const Json::exception& error) {
    throw LoadError(file.string() + ": bad JSON: " + error.what());
  }
  if (!document.is_object()) {
    throw LoadError(file.string() + ": expected an object, found " + document.type_name());
  }
  const Members members(document, file, "");
  const auto model = members.object("model_cfg");
  const auto preprocessing = members.object("preprocess_cfg");
  if (model) read_model(*model, hints);
  if (preprocessing) read_preprocessing(*preprocessing, hints);
  if (!model) read_model(members, hints);  // OpenCLIP's own repository keeps model_cfg's members at the top
  read_flat(members, hints);
}

ModelConfig resolve_config(const ConfigHints& hints, const ModelConfig& closest, const fs::path& file) {
  const auto fail = [&](const std::string& what) { throw LoadError(file.string() + ": " + what); };
  const ModelConfig* base = hints.model_name ? find_model(*hints.model_name) : nullptr;
  if (!base && hints.image_variant && closest.image.name != *hints.image_variant) {
    const auto models = known_models();
    const auto same =
        std::ranges::find(models, *hints.image_variant, [](const ModelConfig& m) { return m.image.name; });
    if (same != models.end()) base = &*same;
  }
  if (!base) base = &closest;
  if (hints.image_variant && base->image.name != *hints.image_variant) {
    fail("expected the image tower " + std::string(base->image.name) + " for " + base->name + ", found " +
         *hints.image_variant);
  }

  ModelConfig config = *base;
  config.name = hints.model_name.value_or(config.name);
  config.embed_dim = hints.embed_dim.value_or(config.embed_dim);
  config.preprocess.image_size = hints.image_size.value_or(config.preprocess.image_size);
  config.preprocess.interpolation = hints.interpolation.value_or(config.preprocess.interpolation);
  config.mean = hints.mean.value_or(config.mean);
  config.std = hints.std.value_or(config.std);
  TextConfig& text = config.text;
  const int head_dim = text.width / text.heads;  // the same in every CLIP text tower
  text.width = hints.width.value_or(text.width);
  text.heads = hints.heads.value_or(text.width / head_dim);
  text.layers = hints.layers.value_or(text.layers);
  text.context_length = hints.context_length.value_or(text.context_length);
  text.vocab_size = hints.vocab_size.value_or(text.vocab_size);
  text.causal = hints.causal.value_or(text.causal);
  if (text.heads < 1 || text.width % text.heads != 0) {
    fail("expected a text width that is a multiple of its heads, found " + std::to_string(text.width) + " and " +
         std::to_string(text.heads));
  }
  return config;
}

}  // namespace mobileclip
