#include "engine/preprocess/tiff_decoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "engine/preprocess/image_errors.h"
#include "engine/preprocess/tiff_directory.h"
#include "engine/preprocess/tiff_handle.h"
#include "engine/preprocess/tiff_samples.h"

namespace mobileclip {
namespace {

constexpr std::uint64_t kMaxBlockBytes = 256u << 20;
constexpr int kMaxSamples = 16;

/// What libtiff is asked for at a time. Interleaved strips are read row by row, so that an image in one strip is not
/// held twice; those of planes cannot be, as each change of plane would decode the strip anew.
enum class BlockKind { kRow, kStrip, kTile };

struct BlockLayout {
  BlockKind kind;
  std::uint32_t width;
  std::uint32_t height;
};

struct TiffLayout {
  int width;
  int height;
  int bits;
  int samples;  ///< stored a pixel
  bool planar;  ///< each sample in blocks of its own
  TiffColor color;
  TiffPalette palette;
  BlockLayout block;
};

bool known_compression(std::uint16_t compression) {
  constexpr std::array<std::uint16_t, 10> kKnown{
      COMPRESSION_NONE, COMPRESSION_CCITTRLE, COMPRESSION_CCITTFAX3,     COMPRESSION_CCITTFAX4, COMPRESSION_LZW,
      COMPRESSION_JPEG, COMPRESSION_PACKBITS, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_DEFLATE,   COMPRESSION_ZSTD};
  return std::find(kKnown.begin(), kKnown.end(), compression) != kKnown.end() &&
         TIFFIsCODECConfigured(compression) != 0;
}

Result<TiffColor> color_of(const TiffHandle& tiff, std::uint16_t photometric) {
  switch (photometric) {
    case PHOTOMETRIC_MINISWHITE:
      return TiffColor::kGreyInverted;
    case PHOTOMETRIC_MINISBLACK:
      return TiffColor::kGrey;
    case PHOTOMETRIC_PALETTE:
      return TiffColor::kPalette;
    case PHOTOMETRIC_SEPARATED:
      return TiffColor::kCmyk;
    case PHOTOMETRIC_RGB: {
      std::uint16_t count = 0;
      std::uint16_t* kinds = nullptr;
      const bool has_extra = TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_EXTRASAMPLES, &count, &kinds) != 0 && count > 0;
      return has_extra && kinds[0] == EXTRASAMPLE_ASSOCALPHA ? TiffColor::kRgbPremultiplied : TiffColor::kRgb;
    }
    default:
      return unsupported_image("TIFF photometric interpretation " + std::to_string(photometric) +
                               " is not grey, palette, RGB, CMYK or YCbCr");
  }
}

std::optional<TiffPalette> palette_of(const TiffHandle& tiff, int bits) {
  std::uint16_t* red = nullptr;
  std::uint16_t* green = nullptr;
  std::uint16_t* blue = nullptr;
  if (bits > 8 || TIFFGetField(tiff.get(), TIFFTAG_COLORMAP, &red, &green, &blue) == 0) return std::nullopt;
  TiffPalette palette{};
  for (std::size_t i = 0; i < std::size_t{1} << bits; ++i) {
    palette[i] = {static_cast<std::uint8_t>(red[i] >> 8), static_cast<std::uint8_t>(green[i] >> 8),
                  static_cast<std::uint8_t>(blue[i] >> 8)};
  }
  return palette;
}

BlockLayout block_of(const TiffHandle& tiff, const TiffFile& file, bool planar) {
  if (TIFFIsTiled(tiff.get()) != 0) {
    return {BlockKind::kTile, tiff.tag<std::uint32_t>(TIFFTAG_TILEWIDTH, 0),
            tiff.tag<std::uint32_t>(TIFFTAG_TILELENGTH, 0)};
  }
  if (!planar) return {BlockKind::kRow, file.width, 1};
  const auto rows = tiff.tag<std::uint32_t>(TIFFTAG_ROWSPERSTRIP, file.height);
  return {BlockKind::kStrip, file.width, std::min(rows, file.height)};
}

Result<TiffLayout> layout_of(const TiffHandle& tiff, const TiffFile& file, std::uint16_t photometric) {
  TiffLayout layout{};
  layout.width = static_cast<int>(file.width);
  layout.height = static_cast<int>(file.height);
  layout.bits = tiff.tag<std::uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
  layout.samples = tiff.tag<std::uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
  layout.planar = tiff.tag<std::uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
  layout.block = block_of(tiff, file, layout.planar);

  constexpr std::array<int, 6> kBits{1, 2, 4, 8, 12, 16};
  if (std::find(kBits.begin(), kBits.end(), layout.bits) == kBits.end()) {
    return unsupported_image("TIFF has " + std::to_string(layout.bits) +
                             " bits a sample, expected 1, 2, 4, 8, 12 or 16");
  }
  const auto format = tiff.tag<std::uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  if (format != SAMPLEFORMAT_UINT) {
    return unsupported_image("TIFF sample format " + std::to_string(format) + " is not that of unsigned integers (1)");
  }
  const Result<TiffColor> color = color_of(tiff, photometric);
  if (!color) return color.error();
  layout.color = *color;
  if (layout.samples < samples_needed(layout.color) || layout.samples > kMaxSamples) {
    return invalid_image("TIFF has " + std::to_string(layout.samples) + " samples a pixel, expected " +
                         std::to_string(samples_needed(layout.color)) + " to " + std::to_string(kMaxSamples));
  }
  if (layout.color == TiffColor::kPalette) {
    const auto palette = palette_of(tiff, layout.bits);
    if (!palette)
      return invalid_image("TIFF palette image has no colour map for " + std::to_string(layout.bits) + " bits");
    layout.palette = *palette;
  }
  if (layout.block.width == 0 || layout.block.height == 0) return invalid_image("TIFF strips or tiles have no size");
  return layout;
}

/// Reads the blocks of an image in bands: as many rows as a block has, all samples that the colour needs.
class BandReader {
 public:
  BandReader(const TiffHandle& tiff, const TiffLayout& layout)
      : tiff_(tiff),
        layout_(layout),
        block_samples_(layout.planar ? 1 : layout.samples),
        block_row_bytes_(
            (std::uint64_t{layout.block.width} * static_cast<std::uint64_t>(block_samples_ * layout.bits) + 7) / 8) {}

  /// Refuses blocks that would take too much memory, or that libtiff counts otherwise.
  [[nodiscard]] std::optional<Error> check() const {
    const std::uint64_t bytes = block_bytes();
    if (bytes > kMaxBlockBytes || block_row_bytes_ > kMaxBlockBytes) {
      return image_too_large("TIFF strips or tiles take " + std::to_string(std::max(bytes, block_row_bytes_)) +
                             " bytes each, at most " + std::to_string(kMaxBlockBytes) + " are accepted");
    }
    if (bytes < block_row_bytes_ * layout_.block.height)
      return invalid_image("TIFF strip or tile size is inconsistent");
    return std::nullopt;
  }

  /// `band`: [rows, width, samples_needed] from row `top`.
  std::optional<Error> read(std::uint32_t top, std::uint32_t rows, std::uint8_t* band) {
    const int needed = samples_needed(layout_.color);
    for (int plane = 0; plane < (layout_.planar ? needed : 1); ++plane) {
      for (std::uint32_t left = 0; left < static_cast<std::uint32_t>(layout_.width); left += layout_.block.width) {
        if (!read_block(left, top, rows, static_cast<std::uint16_t>(plane))) return invalid_image(tiff_.complaint());
        const int first = layout_.planar ? plane : 0;
        const int last = layout_.planar ? plane + 1 : needed;
        for (int sample = first; sample < last; ++sample) unpack_block(left, rows, sample, band);
        if (layout_.block.width >= static_cast<std::uint32_t>(layout_.width) - left) break;
      }
    }
    return std::nullopt;
  }

 private:
  /// As libtiff counts them.
  [[nodiscard]] std::uint64_t block_bytes() const {
    switch (layout_.block.kind) {
      case BlockKind::kRow:
        return TIFFScanlineSize64(tiff_.get());
      case BlockKind::kStrip:
        return TIFFStripSize64(tiff_.get());
      case BlockKind::kTile:
        return TIFFTileSize64(tiff_.get());
    }
    return 0;
  }

  bool read_block(std::uint32_t left, std::uint32_t top, std::uint32_t rows, std::uint16_t plane) {
    TIFF* tiff = tiff_.get();
    block_.resize(block_bytes() + 2);  // unpack_samples may look two bytes further
    const auto strip_size = static_cast<tmsize_t>(block_row_bytes_ * rows);
    const auto tile_size = static_cast<tmsize_t>(block_row_bytes_ * layout_.block.height);
    switch (layout_.block.kind) {
      case BlockKind::kRow:
        return TIFFReadScanline(tiff, block_.data(), top, plane) == 1;
      case BlockKind::kStrip:
        return TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, top, plane), block_.data(), strip_size) >= strip_size;
      case BlockKind::kTile:
        return TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, left, top, 0, plane), block_.data(), tile_size) >=
               tile_size;
    }
    return false;
  }

  void unpack_block(std::uint32_t left, std::uint32_t rows, int sample, std::uint8_t* band) const {
    const auto needed = static_cast<std::size_t>(samples_needed(layout_.color));
    const auto width = static_cast<std::size_t>(layout_.width);
    const int columns = static_cast<int>(std::min<std::size_t>(layout_.block.width, width - left));
    const SampleLayout packed{layout_.bits, block_samples_, layout_.planar ? 0 : sample};
    for (std::size_t y = 0; y < rows; ++y) {
      unpack_samples(block_.data() + y * block_row_bytes_, packed, columns, layout_.color == TiffColor::kPalette,
                     band + (y * width + left) * needed + static_cast<std::size_t>(sample), static_cast<int>(needed));
    }
  }

  const TiffHandle& tiff_;
  const TiffLayout& layout_;
  int block_samples_;
  std::uint64_t block_row_bytes_;
  std::vector<std::uint8_t> block_;
};

Result<DecodedImage> decode_blocks(const TiffHandle& tiff, const TiffLayout& layout) {
  BandReader reader(tiff, layout);
  if (auto error = reader.check()) return *std::move(error);

  PixelBuffer image(layout.width, layout.height);
  const auto height = static_cast<std::uint32_t>(layout.height);
  const std::uint32_t band_rows = std::min(layout.block.height, height);
  const std::size_t row_samples =
      static_cast<std::size_t>(layout.width) * static_cast<std::size_t>(samples_needed(layout.color));
  std::vector<std::uint8_t> band(band_rows * row_samples);
  for (std::uint32_t top = 0; top < height; top += band_rows) {
    const std::uint32_t rows = std::min(band_rows, height - top);
    if (auto error = reader.read(top, rows, band.data())) return *std::move(error);
    for (std::uint32_t y = 0; y < rows; ++y) {
      samples_to_rgb(band.data() + y * row_samples, layout.color, layout.palette, layout.width,
                     image.row(static_cast<int>(top + y)));
    }
  }
  return std::move(image).finish(ChannelOrder::kRgb);
}

/// YCbCr that is not JPEG's: subsampled in ways that libtiff's own RGBA reader knows best; Pillow uses it too.
Result<DecodedImage> decode_ycbcr(const TiffHandle& tiff, const TiffFile& file) {
  const std::uint64_t pixels = std::uint64_t{file.width} * file.height;
  if (pixels * sizeof(std::uint32_t) > kMaxBlockBytes) {
    return image_too_large("TIFF in YCbCr has " + std::to_string(pixels) + " pixels, at most " +
                           std::to_string(kMaxBlockBytes / sizeof(std::uint32_t)) + " are accepted");
  }
  // As stored: turning it is apply_orientation's task, which knows all eight.
  TIFFSetField(tiff.get(), TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  std::vector<std::uint32_t> raster(pixels);
  constexpr int kStopOnError = 1;
  if (TIFFReadRGBAImageOriented(tiff.get(), file.width, file.height, raster.data(), ORIENTATION_TOPLEFT,
                                kStopOnError) == 0) {
    return invalid_image(tiff.complaint());
  }
  PixelBuffer image(static_cast<int>(file.width), static_cast<int>(file.height));
  std::uint8_t* rgb = image.row(0);
  for (const std::uint32_t abgr : raster) {
    *rgb++ = static_cast<std::uint8_t>(TIFFGetR(abgr));
    *rgb++ = static_cast<std::uint8_t>(TIFFGetG(abgr));
    *rgb++ = static_cast<std::uint8_t>(TIFFGetB(abgr));
  }
  return std::move(image).finish(ChannelOrder::kRgb);
}

}  // namespace

Result<TiffFile> parse_tiff(std::span<const std::byte> encoded) {
  const auto directory = TiffDirectory::read(encoded);
  if (!directory) return invalid_image("TIFF has no image directory within the file: truncated or damaged");
  const auto width = directory->value(tiff_tag::kImageWidth);
  const auto height = directory->value(tiff_tag::kImageLength);
  if (!width || !height) return invalid_image("TIFF directory has no ImageWidth or no ImageLength");
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  return TiffFile{static_cast<std::uint32_t>(std::min(*width, kMax)),
                  static_cast<std::uint32_t>(std::min(*height, kMax)),
                  orientation_from_tag(directory->value(tiff_tag::kOrientation))};
}

Result<DecodedImage> decode_tiff(std::span<const std::byte> encoded, const TiffFile& file) {
  const TiffHandle tiff(encoded);
  if (tiff.get() == nullptr) return invalid_image(tiff.complaint());
  if (tiff.tag<std::uint32_t>(TIFFTAG_IMAGEWIDTH, 0) != file.width ||
      tiff.tag<std::uint32_t>(TIFFTAG_IMAGELENGTH, 0) != file.height) {
    return invalid_image("TIFF directory states its size more than once");
  }
  const auto compression = tiff.tag<std::uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  if (!known_compression(compression)) {
    return unsupported_image("TIFF compression " + std::to_string(compression) +
                             " is not one of: none, CCITT, LZW, Deflate, PackBits, JPEG, Zstandard");
  }
  auto photometric = tiff.tag<std::uint16_t>(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
  if (photometric == PHOTOMETRIC_YCBCR) {
    if (compression != COMPRESSION_JPEG) return decode_ycbcr(tiff, file);
    TIFFSetField(tiff.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    photometric = PHOTOMETRIC_RGB;
  }
  const Result<TiffLayout> layout = layout_of(tiff, file, photometric);
  if (!layout) return layout.error();
  return decode_blocks(tiff, *layout);
}

}  // namespace mobileclip
