// From inks to light, as Pillow does it.
#pragma once

#include <algorithm>
#include <cstdint>

namespace mobileclip {

/// a * b / 255 rounded: Pillow's MULDIV255.
constexpr int multiply_255(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/// What `ink` (255 is full) leaves of `white`, which is 255 less the black ink: Pillow's Convert.c::cmyk2rgb.
constexpr std::uint8_t light_left_by(int ink, int white) {
  return static_cast<std::uint8_t>(std::clamp(white - multiply_255(ink, white), 0, 255));
}

}  // namespace mobileclip
