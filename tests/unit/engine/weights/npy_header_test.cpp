#include "engine/weights/npy_header.h"

#include <gtest/gtest.h>

namespace mobileclip {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(NpyHeaderTest, IsReadBack) {
  for (const Shape& shape : {Shape{}, Shape{7}, Shape{3, 512}, Shape{0, 4}, Shape{1'000'000'000'000, 2, 3}}) {
    const std::string header = write_npy_header(DType::kF32, shape);
    EXPECT_EQ(header.size() % 64, 0u);
    EXPECT_EQ(header.back(), '\n');
    EXPECT_EQ(npy_header_size(bytes_of(header).first(kNpyPreambleSize)), header.size());
    const NpyHeader read = parse_npy_header(bytes_of(header));
    EXPECT_EQ(read.dtype, DType::kF32);
    EXPECT_EQ(read.shape, shape);
    EXPECT_FALSE(read.fortran_order);
  }
}

TEST(NpyHeaderTest, IsWhatNumPyWrites) {  // numpy.lib.format.header_data_from_array_1_0
  const std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  const std::string expected =
      std::string("\x93NUMPY\x01\x00\x76\x00", 10) + dict + std::string(117 - dict.size(), ' ') + "\n";
  EXPECT_EQ(write_npy_header(DType::kF32, {2, 3}), expected);
}

TEST(NpyHeaderTest, AHeaderThatEndsBeforeThePreambleIsRefused) {
  for (const char length : {'\0', '\1'}) {
    const std::string preamble = std::string("\x93NUMPY\x01\x00", 8) + length + std::string("\x00{}", 3);
    EXPECT_THROW(npy_header_size(bytes_of(preamble)), NpyError);
  }
  EXPECT_EQ(npy_header_size(bytes_of(std::string("\x93NUMPY\x01\x00\x02\x00{}", 12))), kNpyPreambleSize);
}

}  // namespace
}  // namespace mobileclip
