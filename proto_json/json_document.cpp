#include "proto_json/json_document.h"

#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mobileclip::proto {
namespace {

using nlohmann::json;

constexpr int kNumberOverflow = 406;  // nlohmann's exception id

/// The part of the library's message that says why, without the token it quotes: that may be megabytes long, and is the
/// client's own content.
std::string reason_of(const json::exception& error) {
  if (error.id == kNumberOverflow) return "a number is out of double's range";
  const std::string what = error.what();  // "[id] parse error at line 1, column 2: <context> - <reason>; last read: …"
  const std::size_t context = what.find(": ");
  const std::size_t dash = what.find(" - ");
  const std::size_t from = dash != std::string::npos ? dash + 3 : context != std::string::npos ? context + 2 : 0;
  return what.substr(from, what.find("; ", from) - from);
}

/// Builds the document from the parser's events; strings are moved out of the parser, not copied.
class DocumentBuilder final : public nlohmann::json_sax<json> {
 public:
  explicit DocumentBuilder(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return add(json(nullptr)) != nullptr; }
  bool boolean(bool value) override { return add(json(value)) != nullptr; }
  bool number_integer(number_integer_t value) override { return add(json(value)) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return add(json(value)) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override { return add(json(value)) != nullptr; }
  bool string(string_t& value) override { return add(json(std::move(value))) != nullptr; }
  bool binary(binary_t&) override { return fail("binary values do not exist in JSON"); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    const auto [member, inserted] = open_.back()->get_ref<json::object_t&>().try_emplace(std::move(name));
    if (inserted) {
      member_ = &member->second;
      return true;
    }
    member->second = json(json::value_t::discarded);
    member_ = &unread_.emplace_back();
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const json::exception& error) override {
    return fail("not valid JSON at byte " + std::to_string(position) + ": " + reason_of(error));
  }

  Result<json> result() && {
    if (failure_.empty()) return std::move(root_);
    return Error{ErrorCode::kInvalidArgument, std::move(failure_)};
  }

 private:
  bool fail(std::string why) {
    failure_ = std::move(why);
    return false;
  }

  json* add(json value) {
    if (++values_ > limits_.max_values) {
      fail("more than " + std::to_string(limits_.max_values) + " values in one JSON document");
      return nullptr;
    }
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->get_ref<json::array_t&>().emplace_back(std::move(value));
    return &(*member_ = std::move(value));
  }

  bool open(json container) {
    if (open_.size() >= limits_.max_depth) {
      return fail("JSON nested deeper than " + std::to_string(limits_.max_depth) + " levels");
    }
    json* added = add(std::move(container));
    if (added != nullptr) open_.push_back(added);
    return added != nullptr;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  JsonLimits limits_;
  std::size_t values_ = 0;
  json root_;
  std::vector<json*> open_;  // containers being filled; a parent does not move while its child is open
  json* member_ = nullptr;   // the value that the last key names
  std::deque<json> unread_;  // values of names given before: parsed, for they must be JSON, but of no use
  std::string failure_;
};

}  // namespace

Result<json> parse_json(std::string_view text, const JsonLimits& limits) {
  // The library takes a NUL byte for the end of its input; in JSON it can stand nowhere.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return Error{ErrorCode::kInvalidArgument, "not valid JSON at byte " + std::to_string(nul + 1) + ": a NUL byte"};
  }
  DocumentBuilder builder(limits);
  json::sax_parse(text, &builder);
  return std::move(builder).result();
}

}  // namespace mobileclip::proto
