#include "tests/unit/engine/preprocess/encoded_jpegs.h"

#include <cstdio>
#include <cstdlib>
#include <random>

#include <jpeglib.h>

namespace mobileclip::testing {
namespace {

constexpr int kLastCoefficient = DCTSIZE2 - 1;

int components_of(JpegColor color) {
  switch (color) {
    case JpegColor::kGrey:
      return 1;
    case JpegColor::kTwoComponents:
      return 2;
    case JpegColor::kYcc:
      return 3;
    case JpegColor::kInks:
      return 4;
  }
  return 0;
}

J_COLOR_SPACE color_space_of(JpegColor color) {
  switch (color) {
    case JpegColor::kGrey:
      return JCS_GRAYSCALE;
    case JpegColor::kTwoComponents:
      return JCS_UNKNOWN;
    case JpegColor::kYcc:
      return JCS_RGB;
    case JpegColor::kInks:
      return JCS_CMYK;
  }
  return JCS_UNKNOWN;
}

std::vector<jpeg_scan_info> scans_of(JpegScans scans, int components) {
  std::vector<jpeg_scan_info> script;
  for (int c = 0; c < components; ++c) {
    jpeg_scan_info scan{};
    scan.comps_in_scan = 1;
    scan.component_index[0] = c;
    scan.Se = scans == JpegScans::kOneAComponent ? kLastCoefficient : 0;
    script.push_back(scan);
  }
  return script;
}

}  // namespace

Bytes noise_jpeg(int width, int height, const JpegOptions& options, std::uint32_t seed) {
  const int components = components_of(options.color);
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* encoded = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &encoded, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = components;
  info.in_color_space = color_space_of(options.color);
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, options.quality, TRUE);
  info.comp_info[0].h_samp_factor = options.horizontal_sampling;
  info.comp_info[0].v_samp_factor = options.vertical_sampling;
  info.restart_interval = options.restart_interval;
  const auto script = scans_of(options.scans, components);
  if (options.scans == JpegScans::kProgressive) {
    jpeg_simple_progression(&info);
  } else if (options.scans != JpegScans::kOne) {
    info.scan_info = script.data();
    info.num_scans = static_cast<int>(script.size());
  }

  std::mt19937 random(seed);
  std::vector<std::uint8_t> row(static_cast<std::size_t>(width * components));
  jpeg_start_compress(&info, TRUE);
  for (int y = 0; y < height; ++y) {
    for (auto& value : row) value = static_cast<std::uint8_t>(random() >> 24);
    JSAMPROW rows[1] = {row.data()};
    jpeg_write_scanlines(&info, rows, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  const auto bytes = std::as_bytes(std::span(encoded, size));
  Bytes result(bytes.begin(), bytes.end());
  std::free(encoded);
  return result;
}

std::vector<JpegOptions> every_kind_of_jpeg() {
  constexpr int kSamplings[][2] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}};
  constexpr JpegScans kScans[] = {JpegScans::kOne, JpegScans::kOneAComponent, JpegScans::kProgressive,
                                  JpegScans::kProgressiveDcOnly};
  std::vector<JpegOptions> kinds;
  for (const JpegScans scans : kScans) {
    for (const auto& sampling : kSamplings) {
      for (const unsigned restart_interval : {0u, 3u}) {
        kinds.push_back({.horizontal_sampling = sampling[0],
                         .vertical_sampling = sampling[1],
                         .scans = scans,
                         .restart_interval = restart_interval});
      }
    }
    kinds.push_back({.color = JpegColor::kGrey, .scans = scans});
    kinds.push_back({.color = JpegColor::kInks, .scans = scans});
    kinds.push_back({.color = JpegColor::kInks, .horizontal_sampling = 2, .vertical_sampling = 2, .scans = scans});
  }
  return kinds;
}

}  // namespace mobileclip::testing
