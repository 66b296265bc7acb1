// Reading an object's members by a table of known keys. Internal to proto_json.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/runtime/engine.h"

namespace mobileclip::proto {

using FieldError = std::optional<Error>;

/// One key an object may have, and what is done with its value (which may be moved from). `key` is passed for messages.
struct Field {
  std::string_view key;
  std::function<FieldError(std::string_view key, nlohmann::json& value)> read;
};

/// kInvalidArgument where `document` is no object, has a key that is not in the table (naming it and the known ones) or
/// one that is given twice, or a value that its reader refuses.
FieldError read_fields(nlohmann::json& document, std::span<const Field> fields);
inline FieldError read_fields(nlohmann::json& document, std::initializer_list<Field> fields) {
  return read_fields(document, std::span(fields.begin(), fields.size()));
}

// Makers of table entries, so that a request reads as the list of its keys. They keep a reference to `out`.
Field flag(std::string_view key, bool& out);
Field positive(std::string_view key, int& out);
Field text(std::string_view key, std::string& out);
Field text(std::string_view key, std::optional<std::string>& out);
Field strings(std::string_view key, std::vector<std::string>& out);
Field images(std::string_view key, std::vector<Result<ImageBytes>>& out);
Field vectors(std::string_view key, std::vector<std::vector<float>>& out);
/// Known and of no effect here, whatever its value.
Field ignored(std::string_view key);
/// The same key, which may also be null: as if it were not there.
Field or_null(Field field);

/// "key[3]", for messages.
std::string element(std::string_view key, std::size_t index);
/// kInvalidArgument "<where>: expected <what>, found <the value's type>".
Error expected(std::string_view where, std::string_view what, const nlohmann::json& found);

// Readers. Each names the key, what it expected and what it found.
FieldError read_bool(std::string_view key, const nlohmann::json& value, bool& out);
/// An integer of 1 or more.
FieldError read_positive(std::string_view key, const nlohmann::json& value, int& out);
FieldError read_text(std::string_view key, nlohmann::json& value, std::string& out);
/// A string or a list of strings, appended to `out`.
FieldError read_strings(std::string_view key, nlohmann::json& value, std::vector<std::string>& out);
/// Base64 strings, one or a list; a bad one is an error in its own place.
FieldError read_images(std::string_view key, nlohmann::json& value, std::vector<Result<ImageBytes>>& out);
/// A list of ids, appended to `out` as one text. `where` is what messages call it.
FieldError read_token_ids(std::string_view where, const nlohmann::json& value, std::vector<TokenIds>& out);
/// A list of lists of numbers, each finite in float32.
FieldError read_vectors(std::string_view key, const nlohmann::json& value, std::vector<std::vector<float>>& out);

}  // namespace mobileclip::proto
