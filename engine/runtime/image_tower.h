// The image lane's work: bytes to pixels, pixels to embeddings.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/models/image_encoder.h"
#include "engine/preprocess/decode_budget.h"
#include "engine/runtime/engine.h"

namespace mobileclip {

/// One activation set a worker: forward() may run on every worker at once.
class ImageTower {
 public:
  using Input = ImageBytes;
  using Prepared = RgbImage;
  static constexpr Lane kLane = Lane::kImage;
  static constexpr std::size_t kInputsPerPrepareJob = 1;  // a decode takes milliseconds

  ImageTower(std::unique_ptr<const ImageEncoder> encoder, PreprocessConfig preprocess, const ImageLimits& limits,
             int workers);

  static std::size_t bytes_of(const Input& input) { return input.bytes.size(); }
  /// Fills what of `item` preparation knows.
  [[nodiscard]] Result<Prepared> prepare(const Input& input, const EmbedRequest& request, EmbeddedItem& item) const;
  /// group.size() <= max_group(); embeddings is [group.size(), embed_dim].
  void forward(const Context& context, int worker, std::span<const Prepared> group, std::span<float> embeddings);

  /// Valid inputs for the warm-up: the first through the decoder, the others flat, the all-black one among them.
  [[nodiscard]] std::vector<Prepared> warm_up_inputs(std::size_t count) const;
  [[nodiscard]] std::size_t scratch_per_worker() const { return encoder_->scratch_per_worker(); }
  /// Throughput comes from one image a core: a batch run as one would overflow the second-level cache.
  [[nodiscard]] static constexpr std::size_t max_group() { return 1; }
  [[nodiscard]] int embed_dim() const { return encoder_->embed_dim(); }

 private:
  std::unique_ptr<const ImageEncoder> encoder_;
  PreprocessConfig preprocess_;
  ImageLimits limits_;
  std::unique_ptr<DecodeBudget> decoding_;  // at an address of its own, for the tower moves
  std::vector<std::unique_ptr<ImageActivations>> activations_;
};

}  // namespace mobileclip
