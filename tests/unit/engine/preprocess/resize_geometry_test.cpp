#include "engine/preprocess/resize_geometry.h"

#include <gtest/gtest.h>

namespace mobileclip {
namespace {

struct Case {
  int width, height, size;
  int resized_width, resized_height, left, top;
};

// Worked out with Python: int(size * long / short) and int(round((side - size) / 2.0)).
constexpr Case kCases[] = {
    {640, 427, 256, 383, 256, 64, 0},                                      // 63.5 rounds to the even 64
    {301, 512, 256, 256, 435, 0, 90},                                      // 89.5 to 90
    {257, 259, 256, 256, 257, 0, 0},                                       // 0.5 to 0
    {256, 256, 256, 256, 256, 0, 0},     {256, 259, 256, 256, 259, 0, 2},  // 1.5 to 2
    {256, 261, 256, 256, 261, 0, 2},                                       // 2.5 to 2
    {100, 80, 256, 320, 256, 32, 0},     {1, 1, 224, 224, 224, 0, 0},
    {3, 300, 256, 256, 25600, 0, 12672}, {20000, 1, 256, 5120000, 256, 2559872, 0},
};

TEST(ResizeGeometryTest, IsTorchvisions) {
  for (const Case& c : kCases) {
    const ResizeGeometry g = resize_geometry(c.width, c.height, c.size);
    SCOPED_TRACE(::testing::Message() << c.width << "x" << c.height << " to " << c.size);
    EXPECT_EQ(g.width, c.resized_width);
    EXPECT_EQ(g.height, c.resized_height);
    EXPECT_EQ(g.crop_left, c.left);
    EXPECT_EQ(g.crop_top, c.top);
  }
}

TEST(ResizeGeometryTest, CropLiesInsideForEverySide) {
  for (int longer = 1; longer < 2000; ++longer) {
    for (const int shorter : {1, 2, 97, 256, 1999}) {
      if (shorter > longer) continue;
      const ResizeGeometry g = resize_geometry(longer, shorter, 224);
      ASSERT_EQ(g.height, 224);
      ASSERT_GE(g.crop_left, 0);
      ASSERT_LE(g.crop_left + 224, g.width);
    }
  }
}

}  // namespace
}  // namespace mobileclip
