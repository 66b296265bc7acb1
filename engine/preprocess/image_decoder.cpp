#include "engine/preprocess/image_decoder.h"

#include <cstring>
#include <optional>
#include <string>

#include "engine/preprocess/bmp_decoder.h"
#include "engine/preprocess/decode_budget.h"
#include "engine/preprocess/image_errors.h"
#include "engine/preprocess/image_header.h"
#include "engine/preprocess/jpeg_decoder.h"
#include "engine/preprocess/jpeg_file.h"
#include "engine/preprocess/opencv_decoder.h"
#include "engine/preprocess/orientation.h"
#include "engine/preprocess/png_decoder.h"
#include "engine/preprocess/png_file.h"
#include "engine/preprocess/tiff_decoder.h"
#include "engine/preprocess/webp_file.h"

namespace mobileclip {
namespace {

/// Each scan of a progressive JPEG may rewrite every coefficient, so that a small file can cost hours. Encoders write
/// about ten; libtiff and libjpeg-turbo's own tools stop at 100 and 500.
constexpr int kMaxJpegScans = 100;
/// The work of ten scans over the largest image accepted, and some.
constexpr std::uint64_t kScansOfLargestImage = 16;

Result<DecodedImage> turned(Result<DecodedImage> image, Orientation orientation) {
  if (!image) return image;
  return apply_orientation(std::move(image).value(), orientation);
}

Orientation if_applied(ExifOrientation exif, Orientation orientation) {
  return exif == ExifOrientation::kApply ? orientation : Orientation::kUpright;
}

template <typename File>
ExpectedSize size_of(const File& file) {
  return {static_cast<int>(file.width), static_cast<int>(file.height)};
}

/// The file's structure, where it may be decoded.
Result<JpegFile> accept_jpeg(std::span<const std::byte> encoded, const ImageLimits& limits) {
  Result<JpegFile> file = parse_jpeg(encoded);
  if (!file) return file;
  if (auto error = check_size(file->width, file->height, limits)) return *std::move(error);
  // libjpeg would make up the missing rows; Pillow refuses such files.
  if (!file->complete) return invalid_image("JPEG is truncated: it has no end-of-image marker");
  const std::uint64_t work = std::uint64_t{file->width} * file->height * static_cast<std::uint64_t>(file->scans);
  if (file->scans > kMaxJpegScans || work / kScansOfLargestImage > limits.max_pixels) {
    return image_too_large("JPEG has " + std::to_string(file->scans) + " scans of " + std::to_string(file->width) +
                           "x" + std::to_string(file->height) + " pixels; at most " + std::to_string(kMaxJpegScans) +
                           " are accepted, and fewer of large images");
  }
  return file;
}

/// Keeps all rows.
class WholeImage : public RowSink {
 public:
  PixelWindow begin(const SourceImage& source) override {
    pixels_.emplace(source.width.pixels, source.height.pixels);
    source_ = source;
    return {0, source.width.pixels, 0, source.height.pixels};
  }
  void take_row(const std::uint8_t* row) override { std::memcpy(pixels_->row(rows_++), row, pixels_->stride); }

  [[nodiscard]] const SourceImage& source() const { return source_; }
  [[nodiscard]] DecodedImage finish() && { return (*std::move(pixels_)).finish(source_.order); }

 private:
  std::optional<PixelBuffer> pixels_;
  SourceImage source_{{0}, {0}, ChannelOrder::kRgb};
  int rows_ = 0;
};

Result<DecodedImage> decode_jpeg_file(std::span<const std::byte> encoded, ExifOrientation exif,
                                      const ImageLimits& limits) {
  const Result<JpegFile> file = accept_jpeg(encoded, limits);
  if (!file) return file.error();
  WholeImage image;
  if (auto error = decode_jpeg(encoded, *file, kAllEighths, image)) return *std::move(error);
  return turned(std::move(image).finish(), if_applied(exif, file->orientation));
}

Result<DecodedImage> decode_png_file(std::span<const std::byte> encoded, ExifOrientation exif,
                                     const ImageLimits& limits) {
  const Result<PngFile> header = parse_png_header(encoded);
  if (!header) return header.error();
  if (auto error = check_size(header->width, header->height, limits)) return *std::move(error);
  const Result<PngFile> file = parse_png(encoded);
  if (!file) return file.error();
  return turned(decode_png(*file), if_applied(exif, file->orientation));
}

/// The frame on its canvas, of which the rest is black: transparent, as WebPAnimDecoder and so Pillow clear it.
DecodedImage on_canvas(DecodedImage frame, const WebpFile& file) {
  const ExpectedSize canvas_size = size_of(file);
  if (frame.width == canvas_size.width && frame.height == canvas_size.height) return frame;
  PixelBuffer canvas(canvas_size.width, canvas_size.height);
  const std::size_t left = std::size_t{file.frame_x} * kChannels;
  for (int y = 0; y < frame.height; ++y) {
    std::memcpy(canvas.row(static_cast<int>(file.frame_y) + y) + left, frame.row(y),
                static_cast<std::size_t>(frame.width) * kChannels);
  }
  return std::move(canvas).finish(frame.order);
}

Result<DecodedImage> decode_webp_file(std::span<const std::byte> encoded, ExifOrientation exif,
                                      const ImageLimits& limits) {
  const Result<WebpFile> file = parse_webp(encoded);
  if (!file) return file.error();
  if (auto error = check_size(file->width, file->height, limits)) return *std::move(error);
  Result<DecodedImage> frame = decode_with_opencv(
      rebuild_webp(*file), {static_cast<int>(file->frame_width), static_cast<int>(file->frame_height)});
  if (!frame) return frame;
  return turned(on_canvas(std::move(frame).value(), *file), if_applied(exif, file->orientation));
}

Result<DecodedImage> decode_bmp_file(std::span<const std::byte> encoded, const ImageLimits& limits) {
  const Result<BmpFile> file = parse_bmp(encoded);
  if (!file) return file.error();
  if (auto error = check_size(file->width, file->height, limits)) return *std::move(error);
  return decode_bmp(*file);
}

Result<DecodedImage> decode_tiff_file(std::span<const std::byte> encoded, const ImageLimits& limits) {
  const Result<TiffFile> file = parse_tiff(encoded);
  if (!file) return file.error();
  if (auto error = check_size(file->width, file->height, limits)) return *std::move(error);
  return turned(decode_tiff(encoded, *file), file->orientation);
}

std::optional<Error> check_bytes(std::span<const std::byte> encoded, const ImageLimits& limits) {
  if (encoded.size() <= limits.max_encoded_bytes) return std::nullopt;
  return image_too_large("image has " + std::to_string(encoded.size()) + " encoded bytes; at most " +
                         std::to_string(limits.max_encoded_bytes) + " are accepted");
}

void hand_over(const DecodedImage& image, const SourceImage& source, RowSink& sink) {
  const PixelWindow window = sink.begin(source);
  for (int y = window.first_row; y < window.end_row; ++y) sink.take_row(image.row(y));
}

// Bytes a pixel at most. A JPEG of one scan passes row by row; the coefficients of several are kept, two bytes each, of
// up to four components. Of
// the others libwebp takes most: four, and three for its result.
constexpr std::uint64_t kCoefficientBytes = 2 * 4;
constexpr std::uint64_t kDecodedBytes = 7;

std::uint64_t decode_bytes(const JpegFile& file) {
  return file.scans > 1 ? kCoefficientBytes * file.width * file.height : 0;
}

/// Waits for the image's part of the budget, where there is one.
void take_memory(std::optional<DecodeBudget::Lease>& lease, std::uint64_t bytes, const ImageLimits& limits) {
  if (limits.decoding != nullptr && bytes > 0) lease.emplace(*limits.decoding, bytes);
}

/// The sides of the image turned upright.
SourceImage turned(SourceImage source, Orientation orientation) {
  if (swaps_sides(orientation)) std::swap(source.width, source.height);
  const auto reverse = [](SourceSide& side) { side.begin = side.pixels - side.length; };
  if (reverses_columns(orientation)) reverse(source.width);
  if (reverses_rows(orientation)) reverse(source.height);
  return source;
}

std::optional<Error> decode_jpeg_rows(std::span<const std::byte> encoded, const DecodeOptions& options, RowSink& sink) {
  const Result<JpegFile> file = accept_jpeg(encoded, options.limits);
  if (!file) return file.error();
  const int eighths = fewest_eighths(*file, options.jpeg_least_side);
  const Orientation orientation = if_applied(options.exif, file->orientation);
  std::optional<DecodeBudget::Lease> memory;
  if (orientation == Orientation::kUpright) {
    take_memory(memory, decode_bytes(*file), options.limits);
    return decode_jpeg(encoded, *file, eighths, sink);
  }
  take_memory(memory, kDecodedBytes * file->width * file->height, options.limits);
  WholeImage whole;
  if (auto error = decode_jpeg(encoded, *file, eighths, whole)) return error;
  const SourceImage source = turned(whole.source(), orientation);
  hand_over(apply_orientation(std::move(whole).finish(), orientation), source, sink);
  return std::nullopt;
}

}  // namespace

Result<DecodedImage> decode_image(std::span<const std::byte> encoded, ExifOrientation exif, const ImageLimits& limits) {
  if (auto error = check_bytes(encoded, limits)) return *std::move(error);
  const auto format = sniff_image_format(encoded);
  if (!format) return unknown_format_error();
  switch (*format) {
    case ImageFormat::kJpeg:
      return decode_jpeg_file(encoded, exif, limits);
    case ImageFormat::kPng:
      return decode_png_file(encoded, exif, limits);
    case ImageFormat::kWebp:
      return decode_webp_file(encoded, exif, limits);
    case ImageFormat::kBmp:
      return decode_bmp_file(encoded, limits);
    case ImageFormat::kTiff:
      return decode_tiff_file(encoded, limits);
  }
  return unknown_format_error();
}

std::optional<Error> decode_image_rows(std::span<const std::byte> encoded, const DecodeOptions& options,
                                       RowSink& sink) {
  if (auto error = check_bytes(encoded, options.limits)) return error;
  if (sniff_image_format(encoded) == ImageFormat::kJpeg) return decode_jpeg_rows(encoded, options, sink);
  const Result<ImageInfo> info = read_image_info(encoded);
  if (!info) return info.error();
  const auto width = static_cast<std::uint64_t>(info->width);
  const auto height = static_cast<std::uint64_t>(info->height);
  if (auto error = check_size(width, height, options.limits)) return error;
  std::optional<DecodeBudget::Lease> memory;
  take_memory(memory, kDecodedBytes * width * height, options.limits);
  const Result<DecodedImage> image = decode_image(encoded, options.exif, options.limits);
  if (!image) return image.error();
  hand_over(*image, {{image->width}, {image->height}, image->order}, sink);
  return std::nullopt;
}

}  // namespace mobileclip
