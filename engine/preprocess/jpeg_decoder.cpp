#include "engine/preprocess/jpeg_decoder.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/preprocess/image_errors.h"
#include "engine/preprocess/inks.h"
#include "engine/preprocess/jpeg_handle.h"

namespace mobileclip {
namespace {

constexpr int kInks = 4;

/// What libjpeg delivers: these columns, from this row on.
struct DeliveredPart {
  JDIMENSION first_column;
  JDIMENSION columns;
  JDIMENSION first_row;
};

/// What must be decoded for the window's pixels to come out as in the whole image. Upsampling chroma looks at the
/// neighbours of a column, hence one column of MCUs more on either side; rows above the window libjpeg minds itself.
DeliveredPart part_for(const PixelWindow& window, const jpeg_decompress_struct& info) {
  // Blocks of a progressive file that lack coefficients are smoothed by looking at blocks further away.
  if (info.progressive_mode) return {0, info.output_width, 0};
  // Where shrinking leaves chroma of 4:1:1 another block size than luma, cropped columns come out otherwise.
  const bool crops = info.scale_num == DCTSIZE || info.max_h_samp_factor <= 2;
  const int block = static_cast<int>(info.scale_num);  // pixels a side: DCTSIZE, or fewer where it is shrunk
  const int mcu_width = info.max_h_samp_factor * block;
  const int mcu_height = info.max_v_samp_factor * block;
  const auto width = static_cast<int>(info.output_width);
  const int first = crops ? std::max(window.first_column - mcu_width, 0) : 0;
  const int end = crops ? std::min(window.end_column + mcu_width, width) : width;
  return {static_cast<JDIMENSION>(first), static_cast<JDIMENSION>(end - first),
          static_cast<JDIMENSION>(window.first_row / mcu_height * mcu_height)};
}

DeliveredPart start(jpeg_decompress_struct& info, const PixelWindow& window) {
  jpeg_start_decompress(&info);
  DeliveredPart part = part_for(window, info);
  if (part.columns < info.output_width) jpeg_crop_scanline(&info, &part.first_column, &part.columns);
  if (part.first_row > 0) jpeg_skip_scanlines(&info, part.first_row);
  return part;
}

/// Inks as Adobe stores them, 255 for none.
void inks_to_rgb(const std::uint8_t* inks, std::size_t pixels, std::uint8_t* rgb) {
  for (std::size_t i = 0; i < pixels; ++i, inks += kInks, rgb += kChannels) {
    const int white = inks[3];
    for (std::size_t c = 0; c < kChannels; ++c) {
      rgb[c] = light_left_by(255 - inks[c], white);
    }
  }
}

SourceSide shrunk_side(JDIMENSION delivered, std::uint32_t full, int eighths) {
  return {.pixels = static_cast<int>(delivered), .full = static_cast<int>(full), .length = full * eighths / 8.0};
}

/// 0 or 1. libjpeg-turbo writes pixels to aligned addresses by non-temporal stores (simd/x86_64/jdcolext-avx2.asm),
/// past the cache out of which they are read next: 1000x1000 pixels took 6.2 ms instead of 3.8.
std::ptrdiff_t step_to_odd_address(const std::uint8_t* address) {
  return reinterpret_cast<std::uintptr_t>(address) % 2 == 0 ? 1 : 0;
}

}  // namespace

int fewest_eighths(const JpegFile& file, int least_side) {
  if (least_side == 0) return kAllEighths;
  const std::uint32_t shorter = std::min(file.width, file.height);
  for (const int eighths : {1, 2, 4}) {  // libjpeg-turbo has SIMD code for these; the others gain little
    const auto shrunk_by_8 = std::uint64_t{shorter} * static_cast<unsigned>(eighths);
    if (shrunk_by_8 >= std::uint64_t{8} * static_cast<unsigned>(least_side)) return eighths;
  }
  return kAllEighths;
}

std::optional<Error> decode_jpeg(std::span<const std::byte> encoded, const JpegFile& file, int eighths, RowSink& sink) {
  JpegHandle jpeg;
  const bool opened = jpeg.run([encoded](jpeg_decompress_struct& info) {
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(encoded.data()), encoded.size());
    jpeg_read_header(&info, TRUE);
  });
  if (!opened) return jpeg.error();
  if (jpeg.info().image_width != file.width || jpeg.info().image_height != file.height) {
    return invalid_image("JPEG data are " + std::to_string(jpeg.info().image_width) + "x" +
                         std::to_string(jpeg.info().image_height) + " pixels where the first frame header says " +
                         std::to_string(file.width) + "x" + std::to_string(file.height));
  }
  const int components = jpeg.info().num_components;
  if (components != 1 && components != kChannels && components != kInks) {
    return unsupported_image("JPEG has " + std::to_string(components) + " colour components, expected 1, 3 or 4");
  }
  const bool has_inks = components == kInks;
  const bool sized = jpeg.run([eighths](jpeg_decompress_struct& info) {
    info.scale_num = static_cast<unsigned>(eighths);
    info.scale_denom = kAllEighths;
    jpeg_calc_output_dimensions(&info);
  });
  if (!sized) return jpeg.error();
  const std::size_t width = jpeg.info().output_width;  // of a whole row: cropping changes it
  const PixelWindow window = sink.begin({.width = shrunk_side(jpeg.info().output_width, file.width, eighths),
                                         .height = shrunk_side(jpeg.info().output_height, file.height, eighths),
                                         .order = ChannelOrder::kRgb});

  DeliveredPart part{};
  const bool started = jpeg.run([&part, &window, has_inks](jpeg_decompress_struct& info) {
    info.out_color_space = has_inks ? JCS_CMYK : JCS_RGB;
    info.dct_method = JDCT_ISLOW;
    info.do_fancy_upsampling = TRUE;
    part = start(info, window);
  });
  if (!started) return jpeg.error();

  const std::size_t offset = std::size_t{part.first_column} * kChannels;
  std::vector<std::uint8_t> row_memory(width * kChannels + 1);
  std::uint8_t* const row = row_memory.data() + step_to_odd_address(row_memory.data() + offset);
  std::uint8_t* const delivered = row + offset;
  std::vector<std::uint8_t> ink_row(has_inks ? std::size_t{part.columns} * kInks : 0);
  JSAMPROW const target = has_inks ? ink_row.data() : delivered;
  for (int y = static_cast<int>(part.first_row); y < window.end_row; ++y) {
    const bool read = jpeg.run([target](jpeg_decompress_struct& info) {
      JSAMPROW rows[1] = {target};
      jpeg_read_scanlines(&info, rows, 1);
    });
    if (!read) return jpeg.error();
    if (y < window.first_row) continue;
    if (has_inks) inks_to_rgb(ink_row.data(), part.columns, delivered);
    sink.take_row(row);
  }
  return std::nullopt;
}

}  // namespace mobileclip
