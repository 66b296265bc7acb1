// Header values of the form `value; name=token; name="quoted"`: Content-Type (RFC 9110 section 8.3.1) and
// Content-Disposition (RFC 7578 section 4.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mobileclip::server {

struct ParameterizedValue {
  std::string value;                                            ///< lower case: "multipart/form-data"
  std::vector<std::pair<std::string, std::string>> parameters;  ///< names in lower case

  [[nodiscard]] const std::string* find(std::string_view name) const;
};

/// nullopt where the text has another form or names a parameter twice.
std::optional<ParameterizedValue> parse_parameterized(std::string_view text);

}  // namespace mobileclip::server
