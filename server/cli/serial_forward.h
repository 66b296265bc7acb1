// A tower's raw embeddings, one forward pass after the other on the calling thread: for checks of the numbers alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/models/image_encoder.h"
#include "engine/models/text_encoder.h"

namespace mobileclip::server {

/// Not normalised. `group` texts share a forward pass; `texts` are as Tokenizer::encode gives them.
std::vector<std::vector<float>> embed_serially(const TextEncoder& encoder, const kernels::Kernels& kernels,
                                               const std::vector<std::vector<std::int32_t>>& texts, std::size_t group);
/// `images` are RGB of the encoder's size.
std::vector<std::vector<float>> embed_serially(const ImageEncoder& encoder, const kernels::Kernels& kernels,
                                               const std::vector<std::vector<std::uint8_t>>& images);

}  // namespace mobileclip::server
