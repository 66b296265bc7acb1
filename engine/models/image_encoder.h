// An image tower ready to run, whatever its architecture: pixels in, a vector out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "engine/models/config.h"
#include "engine/nn/context.h"

namespace mobileclip {

/// The pixels that an encoder takes, and how they become numbers.
struct ImageEncoderInput {
  int image_size;             ///< pixels a side
  std::array<float, 3> mean;  ///< of values in [0, 1]
  std::array<float, 3> std;
};
inline ImageEncoderInput image_encoder_input(const ModelConfig& config) {
  return {.image_size = config.preprocess.image_size, .mean = config.mean, .std = config.std};
}

/// The buffers of one forward pass; only the encoder that made them knows what is in them.
class ImageActivations {
 public:
  ImageActivations() = default;
  ImageActivations(const ImageActivations&) = delete;
  ImageActivations& operator=(const ImageActivations&) = delete;
  virtual ~ImageActivations() = default;
};

/// Immutable; forward() may run from any number of threads, each with its own activations.
class ImageEncoder {
 public:
  virtual ~ImageEncoder() = default;

  [[nodiscard]] virtual std::unique_ptr<ImageActivations> make_activations() const = 0;
  /// Floats of Context::scratch that a worker needs.
  [[nodiscard]] virtual std::size_t scratch_per_worker() const = 0;
  /// rgb [image_size, image_size, 3] → embedding [embed_dim], not normalised.
  virtual void forward(const Context& context, ImageActivations& activations, std::span<const std::uint8_t> rgb,
                       std::span<float> embedding) const = 0;

  [[nodiscard]] virtual int embed_dim() const = 0;
  [[nodiscard]] virtual int image_size() const = 0;  ///< pixels a side
};

/// Any class with the same functions, but activations of a type of its own, as ImageEncoder: MciEncoder, say.
template <typename Encoder>
class AnyImageEncoder final : public ImageEncoder {
 public:
  explicit AnyImageEncoder(Encoder encoder) : encoder_(std::move(encoder)) {}

  [[nodiscard]] std::unique_ptr<ImageActivations> make_activations() const override {
    return std::make_unique<Activations>(encoder_.make_activations());
  }
  [[nodiscard]] std::size_t scratch_per_worker() const override { return encoder_.scratch_per_worker(); }
  void forward(const Context& context, ImageActivations& activations, std::span<const std::uint8_t> rgb,
               std::span<float> embedding) const override {
    encoder_.forward(context, static_cast<Activations&>(activations).own, rgb, embedding);
  }
  [[nodiscard]] int embed_dim() const override { return encoder_.embed_dim(); }
  [[nodiscard]] int image_size() const override { return encoder_.image_size(); }

 private:
  using Own = decltype(std::declval<const Encoder&>().make_activations());
  struct Activations final : ImageActivations {
    explicit Activations(Own made) : own(std::move(made)) {}
    Own own;
  };

  Encoder encoder_;
};

}  // namespace mobileclip
