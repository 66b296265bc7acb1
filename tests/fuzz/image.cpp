// An image file, under limits so tight that none takes long: refused as the client's fault, or decoded in both ways to
// the same pixels.
#include <cstring>
#include <vector>

#include "engine/preprocess/image_decoder.h"
#include "engine/preprocess/image_header.h"
#include "tests/fuzz/check.h"

namespace mobileclip {
namespace {

constexpr ImageLimits kLimits{.max_encoded_bytes = 1u << 20, .max_pixels = 256 * 256, .max_side = 2048};

bool is_clients_fault(const Error& error) {
  return !error.message.empty() &&
         (error.code == ErrorCode::kInvalidImage || error.code == ErrorCode::kUnsupportedImage ||
          error.code == ErrorCode::kImageTooLarge);
}

/// Takes the middle of the image.
class Window : public RowSink {
 public:
  PixelWindow begin(const SourceImage& source) override {
    CHECK(rows_.empty() && source.width.pixels > 0 && source.height.pixels > 0);
    CHECK(std::int64_t{source.width.pixels} * source.height.pixels <= static_cast<std::int64_t>(kLimits.max_pixels));
    width_ = static_cast<std::size_t>(source.width.pixels);
    window_ = {.first_column = source.width.pixels / 4,
               .end_column = source.width.pixels - source.width.pixels / 4,
               .first_row = source.height.pixels / 4,
               .end_row = source.height.pixels - source.height.pixels / 4};
    return window_;
  }
  void take_row(const std::uint8_t* row) override { rows_.emplace_back(row, row + width_ * kChannels); }

  /// Whether all rows came and are, within the window, the image's.
  [[nodiscard]] bool is_of(const DecodedImage& image) const {
    if (rows_.size() != static_cast<std::size_t>(window_.end_row - window_.first_row)) return false;
    const auto from = static_cast<std::size_t>(window_.first_column) * kChannels;
    const auto count = static_cast<std::size_t>(window_.end_column) * kChannels - from;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::uint8_t* expected = image.row(window_.first_row + static_cast<int>(i));
      if (std::memcmp(rows_[i].data() + from, expected + from, count) != 0) return false;
    }
    return true;
  }
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

 private:
  std::size_t width_ = 0;
  PixelWindow window_{};
  std::vector<std::vector<std::uint8_t>> rows_;
};

void run(std::span<const std::byte> encoded) {
  const auto info = read_image_info(encoded);
  if (!info) CHECK(is_clients_fault(info.error()));
  for (const ExifOrientation exif : {ExifOrientation::kIgnore, ExifOrientation::kApply}) {
    const auto image = decode_image(encoded, exif, kLimits);
    Window window;
    const auto error = decode_image_rows(encoded, {.exif = exif, .jpeg_least_side = 0, .limits = kLimits}, window);
    CHECK(image.ok() == !error);
    if (error) {
      CHECK(is_clients_fault(*error) && is_clients_fault(image.error()));
      continue;
    }
    CHECK(info && sniff_image_format(encoded) == info->format);
    CHECK(image->width * image->height == info->width * info->height);
    CHECK(window.is_of(*image));
  }
  Window shrunk;
  const DecodeOptions options{.exif = ExifOrientation::kApply, .jpeg_least_side = 16, .limits = kLimits};
  if (const auto error = decode_image_rows(encoded, options, shrunk)) {
    CHECK(is_clients_fault(*error));
  } else {
    CHECK(shrunk.rows() > 0);
  }
}

}  // namespace
}  // namespace mobileclip

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mobileclip::run(std::as_bytes(std::span(data, size)));
  return 0;
}
