// Values of a configuration file that know where they stand, so that errors can name it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace mobileclip {

/// A view of a JSON value that must outlive it. Every function throws LoadError, which names file, path, expected and
/// found, where the value is not what is asked for.
class JsonNode {
 public:
  JsonNode(const nlohmann::json& value, std::string file, std::string path = "");

  /// The member `key` of this object.
  [[nodiscard]] JsonNode at(const std::string& key) const;
  /// The same, or nothing where it is absent or null.
  [[nodiscard]] std::optional<JsonNode> find(const std::string& key) const;
  /// Of this array.
  [[nodiscard]] std::vector<JsonNode> elements() const;
  /// Names of this object's members, sorted.
  [[nodiscard]] std::vector<std::string> keys() const;

  [[nodiscard]] std::string string() const;
  [[nodiscard]] std::u32string text() const;  ///< a string's code points
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] double number() const;
  /// A whole number from 0 to `most`.
  [[nodiscard]] std::size_t count(std::size_t most) const;
  [[nodiscard]] std::int32_t id() const;  ///< of a token

  /// Members of this object that may be absent or null.
  [[nodiscard]] std::string string_or(const std::string& key, const std::string& absent) const;
  [[nodiscard]] bool boolean_or(const std::string& key, bool absent) const;

  /// What the function in `makers` that bears this object's "type" makes of it.
  template <typename Product>
  [[nodiscard]] Product dispatch(const std::map<std::string, Product (*)(const JsonNode&)>& makers) const {
    const JsonNode type = at("type");
    const auto maker = makers.find(type.string());
    if (maker != makers.end()) return maker->second(*this);
    std::string known;
    for (const auto& entry : makers) known += (known.empty() ? "" : ", ") + entry.first;
    throw type.error("one of " + known);
  }

  [[nodiscard]] LoadError error(const std::string& expected) const;  ///< "…: expected …, found" this value
  [[nodiscard]] LoadError id_error() const;                          ///< for what is no token's id
  [[nodiscard]] LoadError refusal(const std::string& why) const;     ///< "…: why"
  /// `value`, which lies in this one; `step` is what follows this one's path: ".key" or "[3]".
  [[nodiscard]] JsonNode member(const nlohmann::json& value, const std::string& step) const;
  [[nodiscard]] const nlohmann::json& value() const { return *value_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const nlohmann::json* value_;
  std::string file_;
  std::string path_;  // "model.vocab"
};

}  // namespace mobileclip
