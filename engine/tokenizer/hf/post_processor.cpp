#include "engine/tokenizer/hf/post_processor.h"

#include <map>
#include <utility>

namespace mobileclip::hf {
namespace {

/// ["[CLS]", 101]
FrameToken parse_pair(const JsonNode& json) {
  const std::vector<JsonNode> elements = json.elements();
  if (elements.size() != 2) throw json.error("a token and its id");
  return {.id = elements[1].id(), .content = elements[0].string()};
}

Frame parse_cls_and_sep(const JsonNode& json) {
  return {.before = {parse_pair(json.at("cls"))},
          .after = {parse_pair(json.at("sep"))},
          .trim_offsets = json.boolean_or("trim_offsets", false)};
}

Frame parse_byte_level(const JsonNode& json) {
  return {.before = {}, .after = {}, .trim_offsets = json.boolean_or("trim_offsets", true)};
}

/// One token of a template may stand for several ids.
void append_special(const JsonNode& special_tokens, const std::string& name, std::vector<FrameToken>& tokens) {
  const JsonNode entry = special_tokens.at(name);
  const std::vector<JsonNode> contents = entry.at("tokens").elements();
  const std::vector<JsonNode> ids = entry.at("ids").elements();
  if (ids.size() != contents.size()) throw entry.error("as many tokens as ids");
  for (std::size_t i = 0; i < ids.size(); ++i) tokens.push_back({.id = ids[i].id(), .content = contents[i].string()});
}

Frame parse_template(const JsonNode& json) {
  Frame frame;
  bool after_text = false;
  const JsonNode single = json.at("single");
  for (const JsonNode& part : single.elements()) {
    if (const auto special = part.find("SpecialToken")) {
      append_special(json.at("special_tokens"), special->at("id").string(), after_text ? frame.after : frame.before);
    } else if (part.at("Sequence").at("id").string() != "A" || after_text) {
      throw single.error("a template with the text A, once");
    } else {
      after_text = true;
    }
  }
  if (!after_text) throw single.error("a template with the text A, once");
  return frame;
}

/// Each part frames what those before it have made.
Frame parse_sequence(const JsonNode& json) {
  Frame whole;
  for (const JsonNode& element : json.at("processors").elements()) {
    Frame part = parse_post_processor(element);
    whole.before.insert(whole.before.begin(), part.before.begin(), part.before.end());
    whole.after.insert(whole.after.end(), part.after.begin(), part.after.end());
    whole.trim_offsets = whole.trim_offsets || part.trim_offsets;
  }
  return whole;
}

}  // namespace

std::vector<std::int32_t> ids_of(const std::vector<FrameToken>& tokens) {
  std::vector<std::int32_t> ids;
  for (const FrameToken& token : tokens) ids.push_back(token.id);
  return ids;
}

Frame parse_post_processor(const JsonNode& json) {
  static const std::map<std::string, Frame (*)(const JsonNode&)> kTypes{{"BertProcessing", parse_cls_and_sep},
                                                                        {"ByteLevel", parse_byte_level},
                                                                        {"RobertaProcessing", parse_cls_and_sep},
                                                                        {"Sequence", parse_sequence},
                                                                        {"TemplateProcessing", parse_template}};
  return json.dispatch(kTypes);
}

}  // namespace mobileclip::hf
