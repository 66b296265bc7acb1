#include "server/config/yaml.h"

#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "server/config/nearest.h"
#include "server/config/options.h"

namespace mobileclip::server {
namespace {

std::string_view section_of(const Option& option) {
  const std::size_t dot = option.key.find('.');
  return dot == std::string_view::npos ? std::string_view() : option.key.substr(0, dot);
}

std::string_view name_in_section(const Option& option) {
  const std::size_t dot = option.key.find('.');
  return dot == std::string_view::npos ? option.key : option.key.substr(dot + 1);
}

bool is_section(std::string_view name) {
  for (const Option& option : options()) {
    if (!name.empty() && section_of(option) == name) return true;
  }
  return false;
}

/// What `key` may have been meant to be: a name in the same place, else the same name in another section.
std::string suggestion_for(const std::string& section, const std::string& name) {
  std::set<std::string> here;
  for (const Option& option : options()) {
    if (section_of(option) == section) here.emplace(name_in_section(option));
    if (section.empty() && !section_of(option).empty()) here.emplace(section_of(option));
  }
  const std::vector<std::string> candidates(here.begin(), here.end());
  if (std::string near = suggestion(name, candidates); !near.empty()) return near;

  std::vector<std::string> elsewhere;
  for (const Option& option : options()) elsewhere.emplace_back(name_in_section(option));
  const auto near = nearest(name, elsewhere);
  for (const Option& option : options()) {
    if (near && name_in_section(option) == *near) return "; did you mean '" + std::string(option.key) + "'?";
  }
  return "";
}

class Reader {
 public:
  Reader(std::string_view file, ServerConfig& config) : file_(file), config_(config) {}

  void read_document(const YAML::Node& document) {
    if (document.IsNull()) return;
    read_map(document, "");
  }

 private:
  [[nodiscard]] std::string place(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    return mark.is_null() ? file_ : file_ + ":" + std::to_string(mark.line + 1);
  }

  void read_map(const YAML::Node& map, const std::string& section) {
    const std::string what = section.empty() ? "the file" : "'" + section + "'";
    if (!map.IsMap()) throw ConfigError(place(map) + ": expected " + what + " to hold 'name: value' lines");
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) throw ConfigError(place(entry.first) + ": expected a name, found a structure");
      const std::string& name = entry.first.Scalar();
      if (!seen.insert(name).second) throw ConfigError(place(entry.first) + ": '" + name + "' is given twice");
      read_entry(entry.first, entry.second, section, name);
    }
  }

  void read_entry(const YAML::Node& at, const YAML::Node& value, const std::string& section, const std::string& name) {
    if (section.empty() && is_section(name)) {
      if (!value.IsNull()) read_map(value, name);  // a section whose every line is commented out is null
      return;
    }
    const std::string key = section.empty() ? name : section + "." + name;
    const Option* option = find_option(key);
    const bool dotted_name = name.find('.') != std::string::npos;  // "server.port: 1" is not how YAML nests
    if (!option || dotted_name) {
      throw ConfigError(place(at) + ": unknown option '" + key + "'" + suggestion_for(section, name));
    }
    if (value.IsNull())
      throw ConfigError(place(at) + ": " + key + ": expected " + option->expected + ", found nothing");
    if (option->append && value.IsSequence() && value.size() > 0) {
      read_list(*option, value, key);
      return;
    }
    if (!value.IsScalar()) {
      throw ConfigError(place(at) + ": " + key + ": expected " + option->expected + ", found a structure");
    }
    set_option(*option, value.Scalar(), place(value) + ": " + key, config_);
  }

  void read_list(const Option& option, const YAML::Node& list, const std::string& key) {
    bool first = true;
    for (const YAML::Node& item : list) {
      const std::string at = place(item) + ": " + key;
      if (!item.IsScalar()) throw ConfigError(at + ": expected " + option.expected + ", found a structure");
      (std::exchange(first, false) ? set_option : append_option)(option, item.Scalar(), at, config_);
    }
  }

  std::string file_;
  ServerConfig& config_;
};

/// As YAML writes a scalar: plain where that is safe.
std::string scalar(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
  const bool plain = !text.empty() && text.front() != '-' && text.find_first_not_of(kPlain) == std::string::npos;
  if (plain) return text;
  YAML::Emitter emitter;
  emitter << YAML::DoubleQuoted << text;
  return emitter.c_str();
}

/// One value as a scalar, several as a list on one line.
std::string list(const std::vector<std::string>& values) {
  if (values.size() == 1) return scalar(values.front());
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "[" : ", ") + scalar(value);
  return text + "]";
}

}  // namespace

void apply_yaml_file(const std::filesystem::path& file, ServerConfig& config) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  // An empty file leaves `text` failed and empty; anything else that cannot be read (a directory opens) leaves `in`
  // bad.
  if (in) text << in.rdbuf();
  if (!in || in.bad() || std::filesystem::is_directory(file)) {
    throw ConfigError(file.string() +
                      ": cannot be read: " + std::strerror(std::filesystem::is_directory(file) ? EISDIR : errno));
  }
  apply_yaml(text.str(), file.string(), config);
}

void apply_yaml(const std::string& yaml, std::string_view name, ServerConfig& config) {
  ServerConfig changed = config;  // all of the file or nothing of it
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(yaml);
    if (documents.size() > 1) {
      throw ConfigError(std::string(name) + ": expected one YAML document, found " + std::to_string(documents.size()));
    }
    for (const YAML::Node& document : documents) Reader(name, changed).read_document(document);
  } catch (const YAML::Exception& error) {
    throw ConfigError(std::string(name) + ":" + std::to_string(error.mark.line + 1) + ": not YAML: " + error.msg);
  }
  config = changed;
}

std::string to_yaml(const ServerConfig& config) {
  std::string out =
      "# Every option of `mobileclip-server serve`. What is not given has its default.\n"
      "# Precedence: defaults < this file (--config FILE) < environment variables < flags.\n"
      "# Sizes: 64MiB, 10MB, 512 (bytes). Durations: 30s, 500ms, 5m. Both are described in docs/configuration.md.\n";
  std::string_view section;
  for (const Option& option : options()) {
    if (section_of(option) != section) {
      section = section_of(option);
      out.append("\n").append(section).append(":\n");
    } else {
      out.append("\n");
    }
    const std::string indent = section.empty() ? "" : "  ";
    out.append(indent).append("# ").append(option.help).append(".\n");
    out.append(indent).append("# --").append(option.flag).append(", ").append(environment_variable(option));
    out.append(": ").append(option.expected).append("\n");
    out.append(indent).append(name_in_section(option)).append(": ");
    // The one option without a default: a line that would set it to nothing is commented out.
    const std::string value = option.get(config);
    ServerConfig scratch;
    const bool must_be_given = value.empty() && !option.set(scratch, value);
    if (must_be_given) out.insert(out.rfind('\n') + 1, "# ");
    out.append(must_be_given ? "DIR" : option.values ? list(option.values(config)) : scalar(value)).append("\n");
  }
  return out;
}

}  // namespace mobileclip::server
