// torchvision's arithmetic: Resize(size) of the shorter edge, then CenterCrop(size).
#pragma once

namespace mobileclip {

/// What the resized image would measure, and which square of it the crop keeps.
struct ResizeGeometry {
  int width;
  int height;
  int crop_left;
  int crop_top;
};

/// Sides in pixels, all positive; the longer resized side must fit an int.
ResizeGeometry resize_geometry(int width, int height, int size);

}  // namespace mobileclip
