// The "post_processor" of a tokenizer.json: the special tokens around a text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/tokenizer/json_node.h"

namespace mobileclip::hf {

struct FrameToken {
  std::int32_t id;
  std::string content;
};

struct Frame {
  std::vector<FrameToken> before, after;
  bool trim_offsets = false;  ///< places of tokens are told without white space at their ends
  [[nodiscard]] std::size_t size() const { return before.size() + after.size(); }
};

std::vector<std::int32_t> ids_of(const std::vector<FrameToken>& tokens);

/// What TemplateProcessing (for one text), BertProcessing, RobertaProcessing, ByteLevel or a Sequence of them puts
/// around a text. Throws LoadError where `json` is none of these.
Frame parse_post_processor(const JsonNode& json);

}  // namespace mobileclip::hf
