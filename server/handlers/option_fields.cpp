#include "server/handlers/option_fields.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>

#include "server/http/query.h"

namespace mobileclip::server {
namespace {

constexpr std::size_t kMaxQuoted = 64;  // of a client's name or value in a message

std::string in_quotes(std::string_view text) { return "\"" + std::string(text.substr(0, kMaxQuoted)) + "\""; }

Error expected(std::string_view name, std::string_view what, std::string_view found) {
  return {ErrorCode::kInvalidArgument,
          std::string(name) + ": expected " + std::string(what) + ", found " + in_quotes(found)};
}

std::optional<Error> set_flag(bool& out, std::string_view name, std::string_view value) {
  if (value != "true" && value != "false" && value != "1" && value != "0")
    return expected(name, "true or false", value);
  out = value == "true" || value == "1";
  return std::nullopt;
}

std::optional<Error> set_positive(int& out, std::string_view name, std::string_view value) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (error != std::errc() || end != value.data() + value.size() || out < 1) {
    return expected(name, "an integer of 1 or more", value);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Error> set_option(proto::EmbedOptions& options, std::string_view name, std::string_view value,
                                OptionNames known) {
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    std::string names;
    for (const std::string_view k : known) names += (names.empty() ? "" : ", ") + std::string(k);
    return Error{ErrorCode::kInvalidArgument, "unknown parameter " + in_quotes(name) + "; known parameters: " + names};
  }
  if (name == "model") {
    options.model = value;
    return std::nullopt;
  }
  if (name == "prompt_name") {
    options.prompt_name = value;
    return std::nullopt;
  }
  if (name == "normalize") return set_flag(options.normalize, name, value);
  if (name == "truncate") return set_flag(options.truncate, name, value);
  if (std::ranges::find(proto::kOutputOptions, name) != std::end(proto::kOutputOptions)) {
    return proto::set_output_option(options.output, name, value);
  }
  return set_positive(options.dimensions, name, value);
}

Result<proto::EmbedOptions> options_from_query(std::string_view query, OptionNames known) {
  auto parameters = parse_query(query);
  if (!parameters) return std::move(parameters).error();
  proto::EmbedOptions options;
  std::set<std::string_view> seen;
  for (const auto& [name, value] : *parameters) {
    if (auto error = set_option(options, name, value, known)) return *std::move(error);
    if (!seen.insert(name).second) {
      return Error{ErrorCode::kInvalidArgument, "the parameter " + in_quotes(name) + " is given twice"};
    }
  }
  return options;
}

}  // namespace mobileclip::server
