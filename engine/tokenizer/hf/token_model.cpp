#include "engine/tokenizer/hf/token_model.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/tokenizer/hf/bpe_model.h"
#include "engine/tokenizer/hf/unigram_model.h"
#include "engine/tokenizer/hf/wordpiece_model.h"

namespace mobileclip::hf {
namespace {

template <typename Model>
std::unique_ptr<const TokenModel> make(const JsonNode& json) {
  return std::make_unique<const Model>(json);
}

}  // namespace

TokenModel::TokenModel(VocabularyIds ids) : ids_(std::move(ids)), size_(0) {
  for (const auto& [token, id] : ids_) size_ = std::max(size_, static_cast<std::size_t>(id) + 1);
}

std::optional<std::int32_t> TokenModel::id_of(const std::string& token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::int32_t> TokenModel::byte_fallback_ids() const {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::vector<std::int32_t> byte_ids;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const auto id = id_of(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">");
    if (!id) return {};
    byte_ids.push_back(*id);
  }
  return byte_ids;
}

std::unique_ptr<const TokenModel> parse_token_model(const JsonNode& json) {
  static const std::map<std::string, std::unique_ptr<const TokenModel> (*)(const JsonNode&)> kTypes{
      {"BPE", make<BpeModel>}, {"Unigram", make<UnigramModel>}, {"WordPiece", make<WordPieceModel>}};
  if (json.find("type")) return json.dispatch(kTypes);
  // Files before 2021 do not say.
  if (json.find("merges")) return make<BpeModel>(json);
  if (json.find("unk_id")) return make<UnigramModel>(json);
  if (json.find("continuing_subword_prefix")) return make<WordPieceModel>(json);
  throw json.refusal("expected a type, found none");
}

}  // namespace mobileclip::hf
