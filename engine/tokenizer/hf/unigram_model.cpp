#include "engine/tokenizer/hf/unigram_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/tokenizer/utf8.h"

namespace mobileclip::hf {

struct UnigramModel::Vocabulary {
  VocabularyIds ids;
  std::vector<double> scores;

  static Vocabulary parse(const JsonNode& json) {
    if (!json.value().is_array() || json.value().empty()) throw json.error("an array of tokens and scores");
    if (json.value().size() > static_cast<std::size_t>(kMaxTokenId)) throw json.refusal("expected fewer tokens");
    Vocabulary vocabulary;
    for (const nlohmann::json& entry : json.value()) {
      const bool valid = entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_number();
      if (!valid)
        throw json.member(entry, '[' + std::to_string(vocabulary.scores.size()) + ']').error("[token, score]");
      // Of a token given twice the last counts.
      vocabulary.ids[entry[0].get<std::string>()] = static_cast<std::int32_t>(vocabulary.scores.size());
      vocabulary.scores.push_back(entry[1].get<double>());
    }
    return vocabulary;
  }
};

namespace {

constexpr double kUnknownPenalty = 10;  // SentencePiece's kUnkPenalty

CodePointTrie trie_of(const VocabularyIds& ids) {
  std::vector<CodePointTrie::Entry> entries;
  entries.reserve(ids.size());
  for (const auto& [token, id] : ids) entries.push_back({decode_utf8(token).text, id});
  return CodePointTrie(std::move(entries));
}

}  // namespace

UnigramModel::UnigramModel(const JsonNode& json) : UnigramModel(json, Vocabulary::parse(json.at("vocab"))) {}

UnigramModel::UnigramModel(const JsonNode& json, Vocabulary vocabulary)
    : TokenModel(std::move(vocabulary.ids)),
      scores_(std::move(vocabulary.scores)),
      unknown_(static_cast<std::int32_t>(json.at("unk_id").count(scores_.size() - 1))),
      unknown_score_(*std::ranges::min_element(scores_) - kUnknownPenalty),
      trie_(trie_of(ids())) {
  if (json.boolean_or("byte_fallback", false)) byte_ids_ = byte_fallback_ids();
}

void UnigramModel::encode(std::u32string_view piece, ModelWorkspace& workspace, std::vector<PieceToken>& tokens) const {
  constexpr std::int32_t kNothing = -1;
  std::vector<ModelWorkspace::Arrival>& arrivals = workspace.arrivals;
  arrivals.assign(piece.size() + 1, {0, kNothing, 0});
  for (std::size_t begin = 0; begin < piece.size(); ++begin) {
    const double score_here = arrivals[begin].score;
    const auto arrive = [&](std::size_t end, double score, std::int32_t id) {
      ModelWorkspace::Arrival& arrival = arrivals[end];
      if (arrival.id == kNothing || score + score_here > arrival.score) arrival = {score + score_here, id, begin};
    };
    bool has_single_character = false;
    trie_.for_each_prefix(piece.substr(begin), [&](const CodePointTrie::Match& match) {
      arrive(begin + match.length, scores_[static_cast<std::size_t>(match.value)], match.value);
      has_single_character = has_single_character || match.length == 1;
    });
    if (!has_single_character) arrive(begin + 1, unknown_score_, unknown_);
  }

  const std::size_t first = tokens.size();
  for (std::size_t end = piece.size(); end > 0;) {
    std::size_t begin = arrivals[end].begin;
    const std::int32_t id = arrivals[end].id;
    if (id == unknown_) {
      // Unknown characters in a row are one token.
      while (begin > 0 && arrivals[begin].id == unknown_) begin = arrivals[begin].begin;
      append_unknown(piece, begin, end, tokens);
    } else {
      tokens.push_back({id, begin, end});
    }
    end = begin;
  }
  std::reverse(tokens.begin() + static_cast<std::ptrdiff_t>(first), tokens.end());
}

void UnigramModel::append_unknown(std::u32string_view piece, std::size_t begin, std::size_t end,
                                  std::vector<PieceToken>& tokens) const {
  if (byte_ids_.empty()) {
    tokens.push_back({unknown_, begin, end});
    return;
  }
  // From the last to the first, as encode() goes.
  for (std::size_t i = end; i > begin; --i) {
    std::string utf8;
    append_utf8(utf8, piece[i - 1]);
    for (std::size_t byte = utf8.size(); byte > 0; --byte) {
      tokens.push_back({byte_ids_[static_cast<unsigned char>(utf8[byte - 1])], i - 1, i});
    }
  }
}

}  // namespace mobileclip::hf
