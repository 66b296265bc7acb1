#include "proto_json/json_fields.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "proto_json/image_source.h"

namespace mobileclip::proto {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxQuotedKey = 64;  // a client's key in a message: enough to recognise it

std::string in_quotes(std::string_view key) { return "\"" + std::string(key.substr(0, kMaxQuotedKey)) + "\""; }

}  // namespace

std::string element(std::string_view key, std::size_t index) {
  return std::string(key) + "[" + std::to_string(index) + "]";
}

Error expected(std::string_view where, std::string_view what, const json& found) {
  return {ErrorCode::kInvalidArgument,
          std::string(where) + ": expected " + std::string(what) + ", found " + found.type_name()};
}

Field flag(std::string_view key, bool& out) {
  return {key, [&out](std::string_view k, json& value) { return read_bool(k, value, out); }};
}
Field positive(std::string_view key, int& out) {
  return {key, [&out](std::string_view k, json& value) { return read_positive(k, value, out); }};
}
Field text(std::string_view key, std::optional<std::string>& out) {
  return {key, [&out](std::string_view k, json& value) { return read_text(k, value, out.emplace()); }};
}

Field text(std::string_view key, std::string& out) {
  return {key, [&out](std::string_view k, json& value) { return read_text(k, value, out); }};
}
Field strings(std::string_view key, std::vector<std::string>& out) {
  return {key, [&out](std::string_view k, json& value) { return read_strings(k, value, out); }};
}
Field images(std::string_view key, std::vector<Result<ImageBytes>>& out) {
  return {key, [&out](std::string_view k, json& value) { return read_images(k, value, out); }};
}
Field vectors(std::string_view key, std::vector<std::vector<float>>& out) {
  return {key, [&out](std::string_view k, json& value) { return read_vectors(k, value, out); }};
}
Field ignored(std::string_view key) {
  return {key, [](std::string_view, json&) -> FieldError { return std::nullopt; }};
}
Field or_null(Field field) {
  return {field.key, [read = std::move(field.read)](std::string_view key, json& value) -> FieldError {
            return value.is_null() ? std::nullopt : read(key, value);
          }};
}

FieldError read_fields(json& document, std::span<const Field> fields) {
  if (!document.is_object()) return expected("the JSON document", "an object", document);
  for (auto& [key, value] : document.get_ref<json::object_t&>()) {
    const auto field = std::ranges::find(fields, std::string_view(key), &Field::key);
    if (field == fields.end()) {
      std::string known;
      for (const Field& f : fields) known += (known.empty() ? "" : ", ") + std::string(f.key);
      return Error{ErrorCode::kInvalidArgument, "unknown key " + in_quotes(key) + "; known keys: " + known};
    }
    if (value.is_discarded())
      return Error{ErrorCode::kInvalidArgument, "the key " + in_quotes(key) + " is given twice in one object"};
    if (FieldError error = field->read(field->key, value)) return error;
  }
  return std::nullopt;
}

FieldError read_bool(std::string_view key, const json& value, bool& out) {
  if (!value.is_boolean()) return expected(in_quotes(key), "true or false", value);
  out = value.get<bool>();
  return std::nullopt;
}

FieldError read_positive(std::string_view key, const json& value, int& out) {
  if (!value.is_number_integer()) return expected(in_quotes(key), "an integer", value);
  const bool fits = value.is_number_unsigned() && value.get<std::uint64_t>() >= 1 &&
                    value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<int>::max()};
  if (!fits)
    return Error{ErrorCode::kInvalidArgument,
                 in_quotes(key) + ": expected an integer of 1 or more, found " + value.dump()};
  out = value.get<int>();
  return std::nullopt;
}

FieldError read_text(std::string_view key, json& value, std::string& out) {
  if (!value.is_string()) return expected(in_quotes(key), "a string", value);
  out = std::move(value.get_ref<json::string_t&>());
  return std::nullopt;
}

FieldError read_strings(std::string_view key, json& value, std::vector<std::string>& out) {
  if (value.is_string()) {
    out.push_back(std::move(value.get_ref<json::string_t&>()));
    return std::nullopt;
  }
  if (!value.is_array()) return expected(in_quotes(key), "a string or a list of strings", value);
  out.reserve(out.size() + value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!value[i].is_string()) return expected(element(key, i), "a string", value[i]);
    out.push_back(std::move(value[i].get_ref<json::string_t&>()));
  }
  return std::nullopt;
}

FieldError read_images(std::string_view key, json& value, std::vector<Result<ImageBytes>>& out) {
  std::vector<std::string> encoded;
  if (FieldError error = read_strings(key, value, encoded)) return error;
  out.reserve(out.size() + encoded.size());
  for (std::string& text : encoded) out.push_back(image_from_text(std::move(text)));
  return std::nullopt;
}

FieldError read_token_ids(std::string_view where, const json& value, std::vector<TokenIds>& out) {
  if (!value.is_array()) return expected(where, "a list of token ids", value);
  if (value.empty()) return Error{ErrorCode::kInvalidArgument, std::string(where) + " is empty: expected token ids"};
  TokenIds ids;
  ids.reserve(value.size());
  for (const json& id : value) {
    const bool fits =
        id.is_number_unsigned() && id.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int32_t>::max()};
    if (!fits) return Error{ErrorCode::kInvalidArgument, element(where, ids.size()) + ": expected a token id"};
    ids.push_back(id.get<std::int32_t>());
  }
  out.push_back(std::move(ids));
  return std::nullopt;
}

FieldError read_vectors(std::string_view key, const json& value, std::vector<std::vector<float>>& out) {
  if (!value.is_array()) return expected(in_quotes(key), "a list of lists of numbers", value);
  out.reserve(value.size());
  for (std::size_t row = 0; row < value.size(); ++row) {
    if (!value[row].is_array()) return expected(element(key, row), "a list of numbers", value[row]);
    std::vector<float>& vector = out.emplace_back();
    vector.reserve(value[row].size());
    for (std::size_t i = 0; i < value[row].size(); ++i) {
      const json& number = value[row][i];
      if (!number.is_number()) return expected(element(element(key, row), i), "a number", number);
      // The range is tested in double: converting what float cannot hold is undefined.
      const double wide = number.get<double>();
      if (std::abs(wide) > double{std::numeric_limits<float>::max()}) {
        return Error{ErrorCode::kInvalidArgument,
                     element(element(key, row), i) + ": " + number.dump() + " is out of float32's range"};
      }
      vector.push_back(static_cast<float>(wide));
    }
  }
  return std::nullopt;
}

}  // namespace mobileclip::proto
