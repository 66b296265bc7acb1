// A tokenizer.json that somebody has damaged loads, or is refused with a LoadError; what has loaded cuts a text.
#include <nlohmann/json.hpp>
#include <string>

#include "engine/tokenizer/hf/pipeline.h"
#include "engine/tokenizer/hf/text_pattern.h"
#include "tests/fuzz/check.h"

namespace mobileclip::hf {
namespace {

void encode(const Pipeline& pipeline) {
  AlignedText text = AlignedText::as_given(U"The  caf\u00E9's 12\u0301 \u6F22<mask>\n", 0);
  if (pipeline.normalizer) pipeline.normalizer->apply(text);
  CutText cut = CutText::whole(std::move(text));
  if (pipeline.pre_tokenizer) pipeline.pre_tokenizer->apply(cut);
  ModelWorkspace workspace;
  std::vector<PieceToken> tokens;
  for (const Piece& piece : cut.pieces) {
    CHECK(piece.begin < piece.end && piece.end <= cut.aligned.size());
    tokens.clear();
    pipeline.model->encode(cut.text_of(piece), workspace, tokens);
    for (const PieceToken& token : tokens) {
      CHECK(token.begin < token.end && token.end <= piece.end - piece.begin);
      CHECK(token.id >= 0 && static_cast<std::size_t>(token.id) < pipeline.model->size());
    }
  }
}

void run(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return;
  try {
    encode(parse_tokenizer_json(JsonNode(json, "tokenizer.json")));
  } catch (const LoadError& error) {
    CHECK(std::string_view(error.what()).starts_with("tokenizer.json: "));
  } catch (const PatternTooCostly&) {
  }
}

}  // namespace
}  // namespace mobileclip::hf

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mobileclip::hf::run(mobileclip::fuzz::text_of(data, size));
  return 0;
}
