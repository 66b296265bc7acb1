// Random but repeatable test data.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace mobileclip::testing {

inline std::vector<float> random_floats(std::size_t count, std::uint32_t seed, float spread = 1.0F) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-spread, spread);
  std::vector<float> values(count);
  for (float& v : values) v = uniform(generator);
  return values;
}

}  // namespace mobileclip::testing
