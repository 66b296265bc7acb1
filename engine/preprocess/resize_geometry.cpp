#include "engine/preprocess/resize_geometry.h"

#include <cstdint>

namespace mobileclip {
namespace {

/// transforms.functional._compute_resized_output_size: int(size * long / short).
int resized_long_side(int size, int long_side, int short_side) {
  return static_cast<int>(std::int64_t{size} * long_side / short_side);
}

/// transforms.functional.center_crop: int(round((side - size) / 2.0)), where Python rounds halves to even.
int crop_offset(int side, int size) {
  const int half = (side - size) / 2;
  const bool is_half = (side - size) % 2 != 0;
  return is_half ? half + half % 2 : half;
}

}  // namespace

ResizeGeometry resize_geometry(int width, int height, int size) {
  ResizeGeometry geometry{size, size, 0, 0};
  if (width <= height) {
    geometry.height = resized_long_side(size, height, width);
  } else {
    geometry.width = resized_long_side(size, width, height);
  }
  geometry.crop_left = crop_offset(geometry.width, size);
  geometry.crop_top = crop_offset(geometry.height, size);
  return geometry;
}

}  // namespace mobileclip
