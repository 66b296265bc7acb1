#include "server/cli/conversion_config.h"

#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <set>
#include <string_view>

#include "server/config/nearest.h"
#include "server/config/options.h"

namespace mobileclip::server {
namespace {

namespace fs = std::filesystem;

class Reader {
 public:
  explicit Reader(const fs::path& file) : file_(file.string()) {}

  ConversionConfig read(const YAML::Node& document) {
    ConversionConfig config{.output = fs::path(file_).parent_path(), .models = {}};
    read_map(document, "the file",
             {{"output", [&](const YAML::Node& value) { config.output = text(value, "output"); }},
              {"models", [&](const YAML::Node& value) { read_models(value, config); }}});
    if (config.models.empty()) fail(document, "expected 'models', a list with an entry for each model");
    return config;
  }

 private:
  using Readers = std::map<std::string, std::function<void(const YAML::Node&)>>;

  [[nodiscard]] std::string place(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    return mark.is_null() ? file_ : file_ + ":" + std::to_string(mark.line + 1);
  }
  [[noreturn]] void fail(const YAML::Node& node, const std::string& message) const {
    throw ConfigError(place(node) + ": " + message);
  }

  void read_map(const YAML::Node& map, const std::string& what, const Readers& readers) const {
    if (!map.IsMap()) fail(map, "expected " + what + " to hold 'name: value' lines");
    std::set<std::string> seen;
    for (const auto& entry : map) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const auto reader = readers.find(name);
      if (reader == readers.end()) {
        std::vector<std::string> known;
        for (const auto& [key, ignored] : readers) known.push_back(key);
        fail(entry.first, "unknown key '" + name + "' in " + what + suggestion(name, known));
      }
      if (!seen.insert(name).second) fail(entry.first, "'" + name + "' is given twice");
      reader->second(entry.second);
    }
  }

  [[nodiscard]] std::string text(const YAML::Node& value, std::string_view key) const {
    if (!value.IsScalar() || value.Scalar().empty()) fail(value, std::string(key) + ": expected a text");
    return value.Scalar();
  }

  template <typename Value>
  Value choice(const YAML::Node& value, std::string_view key, const std::map<std::string, Value>& choices) const {
    const auto found = choices.find(text(value, key));
    if (found != choices.end()) return found->second;
    std::string known;
    for (const auto& [word, ignored] : choices) known += (known.empty() ? "" : ", ") + word;
    fail(value, std::string(key) + ": expected one of " + known + ", found '" + value.Scalar() + "'");
  }

  void read_models(const YAML::Node& list, ConversionConfig& config) const {
    if (!list.IsSequence()) fail(list, "models: expected a list");
    for (const YAML::Node& node : list) {
      ConversionEntry entry{.place = place(node), .name = {}, .source = {}, .form = {}};
      read_map(node, "a model",
               {{"name", [&](const YAML::Node& value) { entry.name = name(value); }},
                {"source", [&](const YAML::Node& value) { entry.source = text(value, "source"); }},
                {"task",
                 [&](const YAML::Node& value) {
                   entry.task = choice<ModelTask>(value, "task",
                                                  {{"image-text", ModelTask::kImageText}, {"text", ModelTask::kText}});
                 }},
                {"quantization", [&](const YAML::Node& value) { entry.form = form(value); }}});
      if (entry.name.empty() || entry.source.empty()) fail(node, "expected a model to have 'name' and 'source'");
      for (const ConversionEntry& other : config.models) {
        if (other.name == entry.name) fail(node, "the name '" + entry.name + "' is taken by " + other.place);
      }
      config.models.push_back(std::move(entry));
    }
  }

  /// One directory, and no way out of the output's.
  [[nodiscard]] std::string name(const YAML::Node& value) const {
    const std::string given = text(value, "name");
    if (given.find('/') == std::string::npos && !given.starts_with('.')) return given;
    fail(value, "name: expected the name of a directory to make, found '" + given + "'");
  }

  [[nodiscard]] WeightsForm form(const YAML::Node& map) const {
    WeightsForm form;
    bool has_dtype = false;
    read_map(map, "quantization",
             {{"dtype",
               [&](const YAML::Node& value) {
                 has_dtype = true;
                 form.dtype = choice<DType>(value, "dtype",
                                            {{"f32", DType::kF32}, {"f16", DType::kF16}, {"bf16", DType::kBF16}});
               }},
              {"target_size_mb", [&](const YAML::Node& value) { form.target_bytes = megabytes(value); }}});
    if (has_dtype && form.target_bytes) fail(map, "quantization: expected dtype or target_size_mb, not both");
    return form;
  }

  [[nodiscard]] std::uint64_t megabytes(const YAML::Node& value) const {
    double size = 0;
    if (!value.IsScalar() || !YAML::convert<double>::decode(value, size) || !(size > 0) || size > 1e9) {
      fail(value, "target_size_mb: expected a number of megabytes");
    }
    return static_cast<std::uint64_t>(size * 1e6);
  }

  std::string file_;
};

}  // namespace

ConversionConfig read_conversion_config(const fs::path& file) {
  try {
    return Reader(file).read(YAML::LoadFile(file.string()));
  } catch (const YAML::BadFile&) {
    throw ConfigError(file.string() + ": cannot be read");
  } catch (const YAML::Exception& error) {
    throw ConfigError(file.string() + ":" + std::to_string(error.mark.line + 1) + ": not YAML: " + error.msg);
  }
}

}  // namespace mobileclip::server
