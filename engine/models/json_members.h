// One JSON object of a configuration file, read member by member, with errors that name file and member. For this
// folder's .cpp files: it shows nlohmann's types.
#pragma once

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace mobileclip {

/// The document in `file`, whatever it is. Throws LoadError for a file that is none, or larger than configurations are.
nlohmann::ordered_json read_json(const std::filesystem::path& file);

/// The same of an object. Throws LoadError for a file that is none, or larger than configurations are.
nlohmann::ordered_json read_json_object(const std::filesystem::path& file);

/// Borrows object and file. Members that are absent or null are nullopt; of a wrong type or out of range, LoadErrors.
class JsonMembers {
 public:
  using Json = nlohmann::ordered_json;

  /// `path` says where in the file the object lies: "model_cfg.".
  JsonMembers(const Json& object, const std::filesystem::path& file, std::string path);

  [[noreturn]] void fail(const char* key, const std::string& expected, const std::string& found) const;

  [[nodiscard]] const Json* find(const char* key) const;  ///< nullptr where absent or null
  [[nodiscard]] bool is_null(const char* key) const;       ///< there, and null
  [[nodiscard]] std::optional<JsonMembers> object(const char* key) const;
  [[nodiscard]] std::optional<int> positive(const char* key) const;  ///< an integer
  [[nodiscard]] std::optional<double> positive_number(const char* key) const;
  [[nodiscard]] std::optional<float> logarithm(const char* key) const;  ///< whose exponential is a float32
  [[nodiscard]] std::optional<bool> boolean(const char* key) const;
  [[nodiscard]] std::optional<std::string> string(const char* key) const;
  [[nodiscard]] std::optional<int> square(const char* key) const;  ///< 256 or [256, 256]
  /// One value a channel.
  [[nodiscard]] std::optional<std::array<float, 3>> rgb(const char* key, bool must_be_positive) const;

  /// Sets `hint`, which two files or members may name, but not differently.
  template <typename T>
  void set(std::optional<T>& hint, const char* key, const std::optional<T>& value) const {
    if (!value) return;
    if (hint && *hint != *value) fail(key, "what the configuration says elsewhere", find(key)->dump());
    hint = value;
  }

  /// Fails where `key` is there and is not `only`: the engine does nothing else.
  void allow_only(const char* key, const Json& only) const;
  /// Fails where `key` is there: `what` is not supported.
  void refuse(const char* key, const char* what) const;

 private:
  [[nodiscard]] int positive(const char* key, const Json& value) const;

  const Json& object_;
  const std::filesystem::path& file_;
  std::string path_;
};

}  // namespace mobileclip
