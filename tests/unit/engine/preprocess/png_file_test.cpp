#include "engine/preprocess/png_file.h"

#include <gtest/gtest.h>

#include "engine/preprocess/image_decoder.h"
#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

using testing::Bytes;
using testing::bytes_of;
using testing::concat;
using testing::kPngSignature;
using testing::png_chunk;
using testing::png_data_chunk;
using testing::png_header_chunk;

Bytes bytes(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

std::vector<std::uint8_t> decode_rgb(const Bytes& png) {
  const auto image = decode_image(png, ExifOrientation::kIgnore, {});
  EXPECT_TRUE(image.ok()) << (image.ok() ? "" : image.error().message);
  return image.ok() ? testing::to_rgb_image(*image).pixels : std::vector<std::uint8_t>{};
}

Bytes png_of(const testing::PngHeader& header, const std::vector<Bytes>& rows, const Bytes& before_data = {}) {
  return concat(
      {bytes_of(kPngSignature), png_header_chunk(header), before_data, png_data_chunk(rows), png_chunk("IEND", {})});
}

using Pixels = std::vector<std::uint8_t>;

TEST(PngPixelsTest, GreyOfEveryDepth) {
  EXPECT_EQ(decode_rgb(png_of({2, 1, 1, 0}, {bytes({0b01000000})})), (Pixels{0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(decode_rgb(png_of({2, 1, 2, 0}, {bytes({0b01100000})})), (Pixels{85, 85, 85, 170, 170, 170}));
  EXPECT_EQ(decode_rgb(png_of({2, 1, 4, 0}, {bytes({0x3C})})), (Pixels{51, 51, 51, 204, 204, 204}));
  EXPECT_EQ(decode_rgb(png_of({2, 1, 8, 0}, {bytes({7, 9})})), (Pixels{7, 7, 7, 9, 9, 9}));
}

TEST(PngPixelsTest, SixteenBitsKeepTheirHighByte) {
  EXPECT_EQ(decode_rgb(png_of({2, 1, 16, 0}, {bytes({0x12, 0xFF, 0xFF, 0x00})})), (Pixels{18, 18, 18, 255, 255, 255}));
  EXPECT_EQ(decode_rgb(png_of({1, 1, 16, 2}, {bytes({0x12, 0xFF, 0x34, 0x80, 0x56, 0x7F})})),
            (Pixels{0x12, 0x34, 0x56}));
}

TEST(PngPixelsTest, AlphaIsDroppedNotComposed) {
  EXPECT_EQ(decode_rgb(png_of({2, 1, 8, 6}, {bytes({10, 20, 30, 0, 40, 50, 60, 128})})),
            (Pixels{10, 20, 30, 40, 50, 60}));
  EXPECT_EQ(decode_rgb(png_of({2, 1, 8, 4}, {bytes({10, 0, 20, 255})})), (Pixels{10, 10, 10, 20, 20, 20}));
  EXPECT_EQ(decode_rgb(png_of({1, 1, 8, 2}, {bytes({1, 2, 3})}, png_chunk("tRNS", bytes({0, 1, 0, 2, 0, 3})))),
            (Pixels{1, 2, 3}));
}

TEST(PngPixelsTest, GammaIsIgnored) {
  const Bytes gamma = png_chunk("gAMA", testing::big_endian(100000, 4));
  EXPECT_EQ(decode_rgb(png_of({1, 1, 8, 2}, {bytes({100, 150, 200})}, gamma)), (Pixels{100, 150, 200}));
}

TEST(PngPixelsTest, PaletteWithTransparency) {
  const Bytes palette =
      concat({png_chunk("PLTE", bytes({10, 20, 30, 40, 50, 60})), png_chunk("tRNS", bytes({0, 128}))});
  EXPECT_EQ(decode_rgb(png_of({2, 1, 8, 3}, {bytes({1, 0})}, palette)), (Pixels{40, 50, 60, 10, 20, 30}));
}

TEST(PngPixelsTest, IndicesBeyondThePaletteAreGrey) {
  const Bytes palette = png_chunk("PLTE", bytes({10, 20, 30}));
  EXPECT_EQ(decode_rgb(png_of({2, 1, 8, 3}, {bytes({0, 200})}, palette)), (Pixels{10, 20, 30, 200, 200, 200}));
}

TEST(PngFileTest, OtherChunksAreNotHandedOn) {
  const Bytes text = png_chunk("zTXt", Bytes(1000));
  const Bytes png = png_of({1, 1, 8, 2}, {bytes({1, 2, 3})}, text);
  const auto file = parse_png(png);
  ASSERT_TRUE(file.ok());
  EXPECT_LT(rebuild_png(*file).size() + 1000, png.size() + 12);
}

TEST(PngFileTest, ReadsExifBeforeAndAfterTheData) {
  const Bytes exif = png_chunk("eXIf", testing::tiff({{274, 3, {6}}}));
  const Bytes before = png_of({1, 1, 8, 2}, {bytes({1, 2, 3})}, exif);
  const Bytes after = concat({bytes_of(kPngSignature), png_header_chunk({1, 1, 8, 2}),
                              png_data_chunk({bytes({1, 2, 3})}), exif, png_chunk("IEND", {})});
  EXPECT_EQ(parse_png(before)->orientation, Orientation::kTurnClockwise);
  EXPECT_EQ(parse_png(after)->orientation, Orientation::kTurnClockwise);
}

TEST(PngFileTest, DamageIsNamed) {
  struct Case {
    const char* what;
    Bytes png;
    const char* message;
  };
  const Bytes good = png_of({1, 1, 8, 2}, {bytes({1, 2, 3})});
  Bytes bad_crc = good;
  bad_crc[8 + 25 + 8] ^= std::byte{1};  // the first byte of IDAT's data
  const Bytes signature = bytes_of(kPngSignature);
  const std::vector<Case> cases{
      {"cut in IHDR", Bytes(good.begin(), good.begin() + 20), "truncated in its IHDR"},
      {"cut in IDAT", Bytes(good.begin(), good.begin() + 45), "truncated in its IDAT"},
      {"CRC", bad_crc, "IDAT fails its CRC"},
      {"no IDAT", concat({signature, png_header_chunk({1, 1, 8, 2}), png_chunk("IEND", {})}), "no image data"},
      {"no PLTE", png_of({1, 1, 8, 3}, {bytes({0})}), "palette has 0 bytes"},
      {"PLTE of 4 bytes", png_of({1, 1, 8, 3}, {bytes({0})}, png_chunk("PLTE", bytes({1, 2, 3, 4}))),
       "palette has 4 bytes"},
      {"depth", png_of({1, 1, 4, 2}, {bytes({1, 2, 3})}), "colour type 2 with bit depth 4"},
      {"not IHDR", concat({signature, png_chunk("IEND", Bytes(13))}), "does not begin with an IHDR"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const auto file = parse_png(c.png);
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidImage);
    EXPECT_NE(file.error().message.find(c.message), std::string::npos) << file.error().message;
  }
}

TEST(PngFileTest, MissingEndIsForgiven) {
  const Bytes good = png_of({1, 1, 8, 2}, {bytes({1, 2, 3})});
  EXPECT_EQ(decode_rgb(Bytes(good.begin(), good.end() - 12)), (Pixels{1, 2, 3}));
}

}  // namespace
}  // namespace mobileclip
