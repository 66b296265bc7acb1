#include "engine/preprocess/orientation.h"

#include <algorithm>
#include <string_view>

#include "engine/preprocess/tiff_directory.h"

namespace mobileclip {
namespace {

/// Where the upright image's pixel (x, y) is stored: at first + x * step_x + y * step_y, in bytes.
struct Walk {
  std::ptrdiff_t first;
  std::ptrdiff_t step_x;
  std::ptrdiff_t step_y;
};

Walk walk_of(const DecodedImage& image, Orientation orientation) {
  const std::ptrdiff_t pixel = kChannels;
  const auto row = static_cast<std::ptrdiff_t>(image.stride);
  const std::ptrdiff_t right = (image.width - 1) * pixel;
  const std::ptrdiff_t bottom = (image.height - 1) * row;
  switch (orientation) {
    case Orientation::kUpright:
      return {0, pixel, row};
    case Orientation::kMirrored:
      return {right, -pixel, row};
    case Orientation::kUpsideDown:
      return {bottom + right, -pixel, -row};
    case Orientation::kFlipped:
      return {bottom, pixel, -row};
    case Orientation::kTransposed:
      return {0, row, pixel};
    case Orientation::kTurnClockwise:
      return {bottom, -row, pixel};
    case Orientation::kTransversed:
      return {bottom + right, -row, -pixel};
    case Orientation::kTurnCounterclockwise:
      return {right, row, -pixel};
  }
  return {0, pixel, row};
}

}  // namespace

Orientation orientation_from_tag(std::optional<std::uint64_t> tag) {
  return tag && *tag >= 1 && *tag <= 8 ? static_cast<Orientation>(*tag) : Orientation::kUpright;
}

Orientation exif_orientation(std::span<const std::byte> block) {
  using namespace std::string_view_literals;
  constexpr auto kPrefix = "Exif\0\0"sv;
  if (ByteView(block).matches(0, kPrefix)) block = block.subspan(kPrefix.size());
  const auto directory = TiffDirectory::read(block);
  return directory ? orientation_from_tag(directory->value(tiff_tag::kOrientation)) : Orientation::kUpright;
}

DecodedImage apply_orientation(DecodedImage image, Orientation orientation) {
  if (orientation == Orientation::kUpright) return image;
  const Walk walk = walk_of(image, orientation);
  const bool swapped = swaps_sides(orientation);
  PixelBuffer upright(swapped ? image.height : image.width, swapped ? image.width : image.height);
  const std::uint8_t* first = image.row(0) + walk.first;

  // In squares, so that the rows a turned column touches are still in the cache for the next column.
  constexpr int kSquare = 32;
  for (int y0 = 0; y0 < upright.height; y0 += kSquare) {
    for (int x0 = 0; x0 < upright.width; x0 += kSquare) {
      const int x1 = std::min(x0 + kSquare, upright.width);
      for (int y = y0; y < std::min(y0 + kSquare, upright.height); ++y) {
        std::uint8_t* to = upright.row(y);
        const std::uint8_t* from = first + y * walk.step_y;
        for (int x = x0; x < x1; ++x)
          std::copy_n(from + x * walk.step_x, kChannels, to + std::ptrdiff_t{x} * kChannels);
      }
    }
  }
  return std::move(upright).finish(image.order);
}

}  // namespace mobileclip
