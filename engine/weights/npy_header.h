// The header of a .npy array, read and written: magic, version, and a Python dict literal (numpy/lib/format.py).
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>

#include "engine/weights/tensor_store.h"

namespace mobileclip {

struct NpyHeader {
  DType dtype;
  Shape shape;
  bool fortran_order;      ///< first extent runs fastest
  std::size_t data_begin;  ///< bytes from the array's start
  std::size_t data_size;   ///< bytes that dtype and shape ask for
};

/// Message says what was expected and what was found.
class NpyError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Length of magic, version and length field: as much as npy_header_size needs.
inline constexpr std::size_t kNpyPreambleSize = 12;
/// Longer ones would describe no array of ours.
inline constexpr std::size_t kMaxNpyHeaderSize = 64 * 1024;

/// Bytes before the data, from the array's first kNpyPreambleSize bytes; never less than those. Throws NpyError.
std::size_t npy_header_size(std::span<const std::byte> preamble);

/// `header` is the array's first npy_header_size bytes. Throws NpyError.
NpyHeader parse_npy_header(std::span<const std::byte> header);

/// The header of a row-major array of that shape; the data follow it. Version 1.0, a multiple of 64 bytes long. `dtype`
/// is one that .npy has a name for: not kBF16.
std::string write_npy_header(DType dtype, const Shape& shape);

}  // namespace mobileclip
