#include "engine/models/json_members.h"

#include <cmath>
#include <cstdint>
#include <fstream>
#include <system_error>
#include <utility>

#include "engine/base/error.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxConfigBytes = 1u << 20;
constexpr int kMaxExtent = 1'000'000;  // nothing a configuration counts comes near it
constexpr double kMaxNumber = 1e6;     // nor means and deviations of pixels in [0, 1]
constexpr double kMinPositive = 1e-6;
constexpr double kMaxLogarithm = 80;  // its exponential is a float32

}  // namespace

nlohmann::ordered_json read_json(const fs::path& file) {
  std::error_code ignored;
  if (const auto size = fs::file_size(file, ignored); !ignored && size > kMaxConfigBytes) {
    throw LoadError(file.string() + ": expected at most 1 MiB of JSON, found " + std::to_string(size) + " bytes");
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw LoadError(file.string() + ": cannot be opened");
  nlohmann::ordered_json document;
  try {
    document = nlohmann::ordered_json::parse(stream);
  } catch (const nlohmann::ordered_json::exception& error) {
    throw LoadError(file.string() + ": bad JSON: " + error.what());
  }
  return document;
}

nlohmann::ordered_json read_json_object(const fs::path& file) {
  nlohmann::ordered_json document = read_json(file);
  if (!document.is_object()) throw LoadError(file.string() + ": expected an object, found " + document.type_name());
  return document;
}

JsonMembers::JsonMembers(const Json& object, const fs::path& file, std::string path)
    : object_(object), file_(file), path_(std::move(path)) {}

void JsonMembers::fail(const char* key, const std::string& expected, const std::string& found) const {
  throw LoadError(file_.string() + ": " + path_ + key + ": expected " + expected + ", found " + found);
}

const JsonMembers::Json* JsonMembers::find(const char* key) const {
  const auto member = object_.find(key);
  return member == object_.end() || member->is_null() ? nullptr : &*member;
}

bool JsonMembers::is_null(const char* key) const {
  const auto member = object_.find(key);
  return member != object_.end() && member->is_null();
}

std::optional<JsonMembers> JsonMembers::object(const char* key) const {
  const Json* const value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_object()) fail(key, "an object", value->type_name());
  return JsonMembers(*value, file_, path_ + key + ".");
}

std::optional<int> JsonMembers::positive(const char* key) const {
  const Json* const value = find(key);
  if (!value) return std::nullopt;
  return positive(key, *value);
}

std::optional<double> JsonMembers::positive_number(const char* key) const {
  const Json* const value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_number()) fail(key, "a positive number", value->type_name());
  const auto number = value->get<double>();
  if (!(number > 0 && number <= kMaxNumber)) fail(key, "a positive number", value->dump());
  return number;
}

std::optional<float> JsonMembers::logarithm(const char* key) const {
  const Json* const value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_number()) fail(key, "a number", value->type_name());
  const auto number = value->get<double>();
  if (!(std::abs(number) <= kMaxLogarithm)) fail(key, "a logarithm, as checkpoints store it", value->dump());
  return static_cast<float>(number);
}

std::optional<bool> JsonMembers::boolean(const char* key) const {
  const Json* const value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_boolean()) fail(key, "true or false", value->type_name());
  return value->get<bool>();
}

std::optional<std::string> JsonMembers::string(const char* key) const {
  constexpr std::size_t kLimit = 200;
  const Json* const value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_string()) fail(key, "a string", value->type_name());
  auto text = value->get<std::string>();
  if (text.empty() || text.size() > kLimit) fail(key, "a name of 1 to 200 bytes", std::to_string(text.size()));
  return text;
}

std::optional<int> JsonMembers::square(const char* key) const {
  const Json* const value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_array()) return positive(key, *value);
  if (value->size() != 2 || (*value)[0] != (*value)[1])
    fail(key, "a square: one size, or two equal ones", value->dump());
  return positive(key, (*value)[0]);
}

std::optional<std::array<float, 3>> JsonMembers::rgb(const char* key, bool must_be_positive) const {
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

void JsonMembers::allow_only(const char* key, const Json& only) const {
  const Json* const value = find(key);
  if (value && *value != only) fail(key, only.dump() + ", which is all this engine does", value->dump());
}

void JsonMembers::refuse(const char* key, const char* what) const {
  if (const Json* const value = find(key)) {
    fail(key, std::string("none, since ") + what + " is not supported", value->dump().substr(0, 200));
  }
}

int JsonMembers::positive(const char* key, const Json& value) const {
  const bool is_good = value.is_number_integer() && value >= 1 && value <= kMaxExtent;
  if (!is_good) fail(key, "a positive integer", value.is_number() ? value.dump() : value.type_name());
  return value.get<int>();
}

}  // namespace mobileclip
