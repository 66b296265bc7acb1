#include "tests/support/synthetic_model.h"

#include <cmath>
#include <memory>

#include "engine/weights/synthetic.h"

namespace mobileclip::testing {

TowerWeights synthetic_tower(const TensorTable& table, std::uint64_t seed) {
  TowerWeights tower;
  for (const auto& [name, shape] : table) {
    auto values = std::make_shared<std::vector<float>>(static_cast<std::size_t>(element_count(shape)));
    fill_synthetic(name, shape, seed, *values);
    tower.emplace(name, FloatTensor{.shape = shape, .values = *values, .owner = values});
  }
  return tower;
}

std::vector<std::uint8_t> pattern_image(int k, int size) {
  std::vector<std::uint8_t> pixels;
  pixels.reserve(static_cast<std::size_t>(size) * static_cast<std::size_t>(size) * 3);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int v = ((x * (1 + k)) ^ (y * (1 + 2 * k))) + 37 * c * (k + 1) + ((x * y) >> (4 + k % 3));
        pixels.push_back(static_cast<std::uint8_t>(v & 255));
      }
    }
  }
  return pixels;
}

double relative_error(std::span<const float> a, std::span<const double> b) {
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace mobileclip::testing
