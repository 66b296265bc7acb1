// Byte-pair encoding over the characters of a piece, which a ByteLevel pre-tokeniser has made from its bytes.
#pragma once

#include <array>
#include <unordered_map>

#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/hf/token_model.h"

namespace mobileclip::hf {

class BpeModel : public TokenModel {
 public:
  /// "vocab", "merges", "unk_token", "fuse_unk", "byte_fallback", "ignore_merges", "continuing_subword_prefix",
  /// "end_of_word_suffix"; "dropout" must be null or 0.
  explicit BpeModel(const JsonNode& json);

  void encode(std::u32string_view piece, ModelWorkspace& workspace, std::vector<PieceToken>& tokens) const override;

 private:
  /// Ids of single characters where they stand at one place in a word.
  class Characters {
   public:
    void add(char32_t c, std::int32_t id);
    [[nodiscard]] std::int32_t id_of(char32_t c) const;  ///< kNone where it has none

   private:
    static constexpr std::size_t kDirect = 0x180;  // byte symbols end below
    std::array<std::int32_t, kDirect> direct_ = filled();
    std::unordered_map<char32_t, std::int32_t> others_;
    static constexpr std::array<std::int32_t, kDirect> filled() {
      std::array<std::int32_t, kDirect> none{};
      none.fill(kNone);
      return none;
    }
  };

  static constexpr std::int32_t kNone = -1;

  [[nodiscard]] Characters characters_between(const std::string& prefix, const std::string& suffix) const;
  [[nodiscard]] std::vector<BpeMerge> resolve_merges(const JsonNode& json, std::size_t prefix_length) const;
  void to_symbols(std::u32string_view piece, ModelWorkspace& workspace) const;

  bool fuse_unknown_;
  bool ignore_merges_;
  std::int32_t unknown_ = kNone;
  std::vector<std::int32_t> byte_ids_;  // empty without byte fallback
  Characters inner_, first_, last_, only_;
  Bpe bpe_;
};

}  // namespace mobileclip::hf
