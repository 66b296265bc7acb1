#include <utility>

#include "engine/tokenizer/hf/pipeline.h"
#include "engine/tokenizer/utf8.h"

namespace mobileclip::hf {
namespace {

AddedToken parse_added_token(const JsonNode& json, const TokenModel& model) {
  const bool special = json.boolean_or("special", false);
  const std::string content = json.at("content").string();
  // What the vocabulary says of a token that it has is what counts.
  const auto known = model.id_of(content);
  return {.id = known ? *known : json.at("id").id(),
          .content = decode_utf8(content).text,
          .single_word = json.boolean_or("single_word", false),
          .lstrip = json.boolean_or("lstrip", false),
          .rstrip = json.boolean_or("rstrip", false),
          .normalized = json.boolean_or("normalized", !special),
          .special = special};
}

/// Files that do not pad leave it to the token's name.
std::int32_t parse_padding(const JsonNode& json, const TokenModel& model) {
  const auto padding = json.find("padding");
  if (padding && padding->find("pad_id")) return padding->at("pad_id").id();
  for (const char* name : {"[PAD]", "<pad>"}) {
    if (const auto id = model.id_of(name)) return *id;
  }
  return -1;
}

CutSide parse_cut_side(const JsonNode& json) {
  const auto truncation = json.find("truncation");
  const auto direction = truncation ? truncation->find("direction") : std::nullopt;
  if (!direction) return CutSide::kRight;
  const std::string side = direction->string();
  if (side != "Left" && side != "Right") throw direction->error("Left or Right");
  return side == "Left" ? CutSide::kLeft : CutSide::kRight;
}

}  // namespace

Pipeline parse_tokenizer_json(const JsonNode& json) {
  const auto normalizer = json.find("normalizer");
  const auto pre_tokenizer = json.find("pre_tokenizer");
  const auto post_processor = json.find("post_processor");
  auto parsed_normalizer = normalizer ? parse_normalizer(*normalizer) : nullptr;
  auto model = parse_token_model(json.at("model"));
  std::vector<AddedToken> added;
  if (const auto tokens = json.find("added_tokens")) {
    for (const JsonNode& token : tokens->elements()) added.push_back(parse_added_token(token, *model));
  }
  AddedTokens added_tokens(std::move(added), parsed_normalizer.get());
  const std::int32_t padding = parse_padding(json, *model);
  return {.normalizer = std::move(parsed_normalizer),
          .pre_tokenizer = pre_tokenizer ? parse_pre_tokenizer(*pre_tokenizer) : nullptr,
          .model = std::move(model),
          .added_tokens = std::move(added_tokens),
          .frame = post_processor ? parse_post_processor(*post_processor) : Frame{},
          .padding = padding,
          .cut_side = parse_cut_side(json)};
}

}  // namespace mobileclip::hf
