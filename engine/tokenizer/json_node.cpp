#include "engine/tokenizer/json_node.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/tokenizer/utf8.h"
#include "engine/tokenizer/vocabulary_json.h"

namespace mobileclip {

using Json = nlohmann::json;

JsonNode::JsonNode(const Json& value, std::string file, std::string path)
    : value_(&value), file_(std::move(file)), path_(std::move(path)) {}

LoadError JsonNode::refusal(const std::string& why) const {
  return LoadError(file_ + ": " + (path_.empty() ? "" : path_ + ": ") + why);
}

LoadError JsonNode::error(const std::string& expected) const {
  return refusal("expected " + expected + ", found " + shortened(value_->dump()));
}

std::optional<JsonNode> JsonNode::find(const std::string& key) const {
  if (!value_->is_object()) throw error("an object");
  const auto member = value_->find(key);
  if (member == value_->end() || member->is_null()) return std::nullopt;
  return this->member(*member, path_.empty() ? key : "." + key);
}

JsonNode JsonNode::member(const Json& value, const std::string& step) const {
  // Parts of a tokenizer.json nest, and who parses them recurs.
  constexpr std::size_t kLongestPath = 2000;
  if (path_.size() > kLongestPath) throw refusal("nested too deeply");
  return JsonNode(value, file_, path_ + step);
}

JsonNode JsonNode::at(const std::string& key) const {
  if (auto member = find(key)) return *std::move(member);
  throw member(*value_, path_.empty() ? key : "." + key).refusal("expected a value, found none");
}

std::vector<JsonNode> JsonNode::elements() const {
  if (!value_->is_array()) throw error("an array");
  std::vector<JsonNode> nodes;
  nodes.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) {
    nodes.push_back(member((*value_)[i], "[" + std::to_string(i) + "]"));
  }
  return nodes;
}

std::vector<std::string> JsonNode::keys() const {
  if (!value_->is_object()) throw error("an object");
  std::vector<std::string> names;
  for (const auto& member : value_->items()) names.push_back(member.key());
  return names;
}

std::string JsonNode::string() const {
  if (!value_->is_string()) throw error("a string");
  return value_->get<std::string>();
}

std::u32string JsonNode::text() const { return decode_utf8(string()).text; }

bool JsonNode::boolean() const {
  if (!value_->is_boolean()) throw error("true or false");
  return value_->get<bool>();
}

double JsonNode::number() const {
  if (!value_->is_number()) throw error("a number");
  return value_->get<double>();
}

std::size_t JsonNode::count(std::size_t most) const {
  const bool whole = value_->is_number_unsigned() && value_->get<std::uint64_t>() <= most;
  if (!whole) throw error("a whole number from 0 to " + std::to_string(most));
  return value_->get<std::size_t>();
}

std::int32_t JsonNode::id() const {
  const bool valid = value_->is_number_unsigned() && value_->get<std::uint64_t>() <= kMaxTokenId;
  if (!valid) throw id_error();
  return value_->get<std::int32_t>();
}

LoadError JsonNode::id_error() const { return error("an id from 0 to " + std::to_string(kMaxTokenId)); }

std::string JsonNode::string_or(const std::string& key, const std::string& absent) const {
  const auto member = find(key);
  return member ? member->string() : absent;
}

bool JsonNode::boolean_or(const std::string& key, bool absent) const {
  const auto member = find(key);
  return member ? member->boolean() : absent;
}

}  // namespace mobileclip
