// Reading an object's members by a table of known keys. Internal to proto_json.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
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

/// kInvalidArgument where `document` is no object, has a key that is not in the table (naming it and the known ones),
/// or a value that its reader refuses.
FieldError read_fields(nlohmann::json& document, std::initializer_list<Field> fields);

// Readers. Each names the key, what it expected and what it found.
FieldError read_bool(std::string_view key, const nlohmann::json& value, bool& out);
/// An integer of 1 or more.
FieldError read_positive(std::string_view key, const nlohmann::json& value, int& out);
FieldError read_string(std::string_view key, nlohmann::json& value, std::string& out);
/// A string or a list of strings, appended to `out`.
FieldError read_strings(std::string_view key, nlohmann::json& value, std::vector<std::string>& out);
/// Base64 strings, one or a list; a bad one is an error in its own place.
FieldError read_images(std::string_view key, nlohmann::json& value, std::vector<Result<ImageBytes>>& out);
/// A list of lists of numbers, each finite in float32.
FieldError read_vectors(std::string_view key, const nlohmann::json& value, std::vector<std::vector<float>>& out);

}  // namespace mobileclip::proto
