#include "engine/models/encoders/token_encoder.h"

#include "engine/models/encoders/mobile_bert.h"
#include "engine/models/encoders/modern_bert.h"
#include "engine/models/encoders/post_norm_encoder.h"

namespace mobileclip {
namespace {

struct Make {
  const TowerWeights& weights;
  TowerArithmetic arithmetic;
  int max_tokens;

  std::unique_ptr<const TokenEncoder> operator()(const PostNormConfig& config) const {
    return std::make_unique<PostNormEncoder>(config, weights, arithmetic, max_tokens);
  }
  std::unique_ptr<const TokenEncoder> operator()(const ModernBertConfig& config) const {
    return std::make_unique<ModernBertEncoder>(config, weights, arithmetic, max_tokens);
  }
  std::unique_ptr<const TokenEncoder> operator()(const MobileBertConfig& config) const {
    return std::make_unique<MobileBertEncoder>(config, weights, arithmetic, max_tokens);
  }
};

}  // namespace

std::unique_ptr<const TokenEncoder> make_token_encoder(const EncoderConfig& config, const TowerWeights& weights,
                                                       TowerArithmetic arithmetic, int max_tokens) {
  return std::visit(Make{weights, arithmetic, max_tokens}, config);
}

}  // namespace mobileclip
