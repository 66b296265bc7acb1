#include "engine/tokenizer/hf/bpe_model.h"

#include <utility>

#include "engine/tokenizer/utf8.h"

namespace mobileclip::hf {

void BpeModel::Characters::add(char32_t c, std::int32_t id) {
  if (c < kDirect) {
    direct_[c] = id;
  } else {
    others_[c] = id;
  }
}

std::int32_t BpeModel::Characters::id_of(char32_t c) const {
  if (c < kDirect) return direct_[c];
  const auto found = others_.find(c);
  return found == others_.end() ? kNone : found->second;
}

BpeModel::BpeModel(const JsonNode& json)
    : TokenModel(read_token_ids(json.at("vocab"))),
      fuse_unknown_(json.boolean_or("fuse_unk", false)),
      ignore_merges_(json.boolean_or("ignore_merges", false)),
      bpe_(resolve_merges(json, json.string_or("continuing_subword_prefix", "").size()), BpeOrder::kBestFirst) {
  if (const auto dropout = json.find("dropout"); dropout && dropout->number() != 0) {
    throw dropout->error("null: dropout is for training");
  }
  if (const auto unknown = json.find("unk_token")) {
    const auto id = id_of(unknown->string());
    if (!id) throw unknown->error("a token of the vocabulary");
    unknown_ = *id;
  }
  if (json.boolean_or("byte_fallback", false)) byte_ids_ = byte_fallback_ids();
  const std::string prefix = json.string_or("continuing_subword_prefix", "");
  const std::string suffix = json.string_or("end_of_word_suffix", "");
  first_ = characters_between("", "");
  only_ = characters_between("", suffix);
  inner_ = characters_between(prefix, "");
  last_ = characters_between(prefix, suffix);
}

BpeModel::Characters BpeModel::characters_between(const std::string& prefix, const std::string& suffix) const {
  Characters characters;
  for (const auto& [token, id] : ids()) {
    const bool long_enough = token.size() > prefix.size() + suffix.size();
    if (!long_enough || !token.starts_with(prefix) || !token.ends_with(suffix)) continue;
    const std::string_view middle =
        std::string_view(token).substr(prefix.size(), token.size() - prefix.size() - suffix.size());
    const CodePoint c = code_point_at(middle, 0);
    if (c.length == middle.size()) characters.add(c.value, id);
  }
  return characters;
}

std::vector<BpeMerge> BpeModel::resolve_merges(const JsonNode& json, std::size_t prefix_length) const {
  const JsonNode node = json.at("merges");
  std::vector<BpeMerge> merges;
  for (const SymbolPair& pair : read_merges(node)) {
    const auto require = [&](const std::string& symbol) {
      if (const auto id = id_of(symbol)) return *id;
      throw node.refusal(pair.item + ": expected symbols of the vocabulary, found " + in_quotes(symbol) +
                         ", which it lacks");
    };
    if (pair.right.size() < prefix_length) throw node.refusal(pair.item + ": expected a right half with the prefix");
    merges.push_back({require(pair.left), require(pair.right), require(pair.left + pair.right.substr(prefix_length))});
  }
  return merges;
}

void BpeModel::to_symbols(std::u32string_view piece, ModelWorkspace& workspace) const {
  workspace.symbols.clear();
  workspace.symbol_ends.clear();
  const auto add = [&](std::int32_t id, std::size_t end) {
    workspace.symbols.push_back(id);
    workspace.symbol_ends.push_back(end);
  };
  bool after_unknown = false;
  std::string utf8;
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const bool last = i + 1 == piece.size();
    const Characters& characters = i == 0 ? (last ? only_ : first_) : (last ? last_ : inner_);
    const std::int32_t id = characters.id_of(piece[i]);
    const bool unknown = id == kNone && byte_ids_.empty();
    if (id != kNone) {
      add(id, i + 1);
    } else if (!unknown) {
      utf8.clear();
      append_utf8(utf8, piece[i]);
      for (const char byte : utf8) add(byte_ids_[static_cast<unsigned char>(byte)], i + 1);
    } else if (after_unknown && fuse_unknown_ && unknown_ != kNone) {
      workspace.symbol_ends.back() = i + 1;
    } else if (unknown_ != kNone) {
      add(unknown_, i + 1);
    }
    after_unknown = unknown;
  }
}

void BpeModel::encode(std::u32string_view piece, ModelWorkspace& workspace, std::vector<PieceToken>& tokens) const {
  if (ignore_merges_) {
    if (const auto id = id_of(encode_utf8(piece))) {
      tokens.push_back({*id, 0, piece.size()});
      return;
    }
  }
  to_symbols(piece, workspace);
  bpe_.merge(workspace.symbols, workspace.merging);
  const std::vector<std::size_t>& starts = workspace.merging.starts;
  for (std::size_t i = 0; i < workspace.symbols.size(); ++i) {
    const std::size_t next = i + 1 < starts.size() ? starts[i + 1] : workspace.symbol_ends.size();
    const std::size_t end = workspace.symbol_ends[next - 1];
    // Bytes of one character all stand for the whole of it.
    const std::size_t before = starts[i] == 0 ? 0 : workspace.symbol_ends[starts[i] - 1];
    tokens.push_back({workspace.symbols[i], before < end ? before : end - 1, end});
  }
}

}  // namespace mobileclip::hf
