#include "server/cli/serial_forward.h"

#include <algorithm>
#include <span>

#include "engine/nn/context.h"
#include "engine/tensor/aligned_buffer.h"

namespace mobileclip::server {

std::vector<std::vector<float>> embed_serially(const TextEncoder& encoder, const kernels::Kernels& kernels,
                                               const std::vector<std::vector<std::int32_t>>& texts, std::size_t group) {
  Serial serial;
  const auto activations = encoder.make_activations(static_cast<int>(group));
  AlignedBuffer scratch(encoder.scratch_per_worker());
  const Context context{kernels, serial, Scratch(scratch.data(), scratch.size())};
  const auto dim = static_cast<std::size_t>(encoder.embed_dim());
  std::vector<std::vector<float>> embeddings;
  for (std::size_t first = 0; first < texts.size(); first += group) {
    const auto some = std::span(texts).subspan(first, std::min(group, texts.size() - first));
    std::vector<PreparedText> batch;
    for (const std::vector<std::int32_t>& ids : some) batch.push_back({.ids = ids});
    std::vector<float> together(some.size() * dim);
    encoder.forward(context, *activations, batch, together);
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto row = std::span(together).subspan(i * dim, dim);
      embeddings.emplace_back(row.begin(), row.end());
    }
  }
  return embeddings;
}

std::vector<std::vector<float>> embed_serially(const ImageEncoder& encoder, const kernels::Kernels& kernels,
                                               const std::vector<std::vector<std::uint8_t>>& images) {
  Serial serial;
  const auto activations = encoder.make_activations();
  AlignedBuffer scratch(encoder.scratch_per_worker());
  const Context context{kernels, serial, Scratch(scratch.data(), scratch.size())};
  std::vector<std::vector<float>> embeddings;
  for (const auto& image : images) {
    std::vector<float>& embedding = embeddings.emplace_back(static_cast<std::size_t>(encoder.embed_dim()));
    encoder.forward(context, *activations, image, embedding);
  }
  return embeddings;
}

}  // namespace mobileclip::server
