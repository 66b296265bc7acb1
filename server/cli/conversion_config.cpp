#include "server/cli/conversion_config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include "engine/weights/printable.h"
#include "server/config/nearest.h"
#include "server/config/options.h"

namespace mobileclip::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kImageText = "image-text";
constexpr std::string_view kText = "text";

/// Without symbolic links, as far as it exists, and without a slash at its end.
fs::path resolved(const fs::path& path) {
  std::error_code unreadable;
  fs::path found = fs::weakly_canonical(path, unreadable);
  if (unreadable) found = fs::absolute(path).lexically_normal();
  return found.has_filename() ? found : found.parent_path();
}

/// Whether `path` is `directory` or lies in it.
bool is_within(const fs::path& path, const fs::path& directory) {
  return std::ranges::mismatch(directory, path).in1 == directory.end();
}

/// Nothing is written into a source, and nothing that is read is replaced.
void check_paths(const ConversionConfig& config) {
  for (const ConversionEntry& writer : config.models) {
    const fs::path target = resolved(config.output / writer.name);
    for (const ConversionEntry& reader : config.models) {
      const fs::path source = resolved(reader.source);
      if (is_within(source, target)) {
        throw ConfigError(reader.place + ": source: expected a directory that is only read, found " +
                          reader.source.string() + ", where " + writer.place + " writes");
      }
      if (is_within(target, source)) {
        throw ConfigError(writer.place + ": expected to write outside of every source, found " + target.string() +
                          " in the source of " + reader.place);
      }
    }
  }
}

class Reader {
 public:
  explicit Reader(const fs::path& file) : file_(file.string()) {}

  [[nodiscard]] ConversionConfig read(const YAML::Node& document) const {
    ConversionConfig config{.output = fs::path(file_).parent_path(), .models = {}};
    read_map(document, "the file",
             {{"output", [&](const YAML::Node& value) { config.output = text(value, "output"); }},
              {"models", [&](const YAML::Node& value) { read_models(value, config); }}});
    if (config.models.empty()) fail(document, "expected 'models', a list with an entry for each model");
    check_paths(config);
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
        fail(entry.first, "unknown key " + printable(name) + " in " + what + suggestion(name, known));
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
  Value choice(const YAML::Node& value, std::string_view key,
               const std::vector<std::pair<std::string, Value>>& choices) const {
    const auto found = std::ranges::find(choices, text(value, key), &std::pair<std::string, Value>::first);
    if (found != choices.end()) return found->second;
    std::string known;
    for (const auto& [word, ignored] : choices) known += (known.empty() ? "" : ", ") + word;
    fail(value, std::string(key) + ": expected one of " + known + ", found " + printable(value.Scalar()));
  }

  void read_models(const YAML::Node& list, ConversionConfig& config) const {
    if (!list.IsSequence()) fail(list, "models: expected a list");
    for (const YAML::Node& node : list) {
      ConversionEntry entry{.place = place(node), .name = {}, .source = {}, .task = {}, .form = {}};
      read_map(node, "a model",
               {{"name", [&](const YAML::Node& value) { entry.name = name(value); }},
                {"source", [&](const YAML::Node& value) { entry.source = text(value, "source"); }},
                {"task",
                 [&](const YAML::Node& value) {
                   entry.task = choice<ModelTask>(
                       value, "task",
                       {{std::string(kImageText), ModelTask::kImageText}, {std::string(kText), ModelTask::kText}});
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
    const bool is_plain =
        std::ranges::none_of(given, [](char c) { return c == '/' || static_cast<unsigned char>(c) < ' '; });
    if (is_plain && !given.starts_with('.')) return given;
    fail(value, "name: expected the name of a directory to make, found " + printable(given));
  }

  [[nodiscard]] std::variant<WeightsForm, TargetSize> form(const YAML::Node& map) const {
    std::optional<DType> dtype;
    std::optional<int> bits;
    std::optional<int> group_size;
    std::optional<TargetSize> target;
    read_map(
        map, "quantization",
        {{"bits", [&](const YAML::Node& value) { bits = number(value, "bits", kAffineBits); }},
         {"group_size", [&](const YAML::Node& value) { group_size = number(value, "group_size", kAffineGroupSizes); }},
         {"dtype",
          [&](const YAML::Node& value) {
            dtype = choice<DType>(value, "dtype", {{"f32", DType::kF32}, {"f16", DType::kF16}, {"bf16", DType::kBF16}});
          }},
         {"target_size_mb", [&](const YAML::Node& value) { target = TargetSize{megabytes(value)}; }}});
    if (target && (dtype || bits || group_size)) {
      fail(map, "quantization: expected either target_size_mb, which chooses the rest, or bits, group_size and dtype");
    }
    if (target) return *target;
    if (group_size && !bits) fail(map, "quantization: expected bits beside group_size");
    WeightsForm form{.dtype = dtype.value_or(DType::kF32)};
    if (bits) form.quantized = AffineFormat{.bits = *bits, .group_size = group_size.value_or(kUsualGroupSize)};
    return form;
  }

  template <std::size_t N>
  int number(const YAML::Node& value, std::string_view key, const std::array<int, N>& choices) const {
    std::vector<std::pair<std::string, int>> words;
    for (const int choice : choices) words.emplace_back(std::to_string(choice), choice);
    return choice<int>(value, key, words);
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

std::string contents_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  // A directory opens, too, and gives nothing.
  if (!in.is_open() || in.bad() || fs::is_directory(file)) throw ConfigError(file.string() + ": cannot be read");
  return text.str();
}

}  // namespace

std::string to_string(ModelTask task) { return std::string(task == ModelTask::kText ? kText : kImageText); }

ConversionConfig read_conversion_config(const fs::path& file) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(contents_of(file));
    if (documents.size() > 1) {
      throw ConfigError(file.string() + ": expected one YAML document, found " + std::to_string(documents.size()));
    }
    return Reader(file).read(documents.empty() ? YAML::Node(YAML::NodeType::Map) : documents.front());
  } catch (const YAML::Exception& error) {
    throw ConfigError(file.string() + ":" + std::to_string(error.mark.line + 1) + ": not YAML: " + error.msg);
  }
}

}  // namespace mobileclip::server
