#include "engine/weights/npy_header.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kVersionAt = 6;  // major, minor
constexpr std::size_t kLengthAt = 8;   // u16 in version 1, u32 in versions 2 and 3

struct DescrRow {
  std::string_view descr;
  DType dtype;
};

constexpr std::array kDescrs{
    DescrRow{"<f8", DType::kF64}, DescrRow{"<f4", DType::kF32}, DescrRow{"<f2", DType::kF16},
    DescrRow{"<i8", DType::kI64}, DescrRow{"<i4", DType::kI32}, DescrRow{"<i2", DType::kI16},
    DescrRow{"|i1", DType::kI8},  DescrRow{"<u8", DType::kU64}, DescrRow{"<u4", DType::kU32},
    DescrRow{"<u2", DType::kU16}, DescrRow{"|u1", DType::kU8},  DescrRow{"|b1", DType::kBool},
};

/// The one form of Python literal that NumPy writes: {'descr': '<f4', 'fortran_order': False, 'shape': (64, 3), }
class DictParser {
 public:
  explicit DictParser(std::string_view text) : text_(text) {}

  void parse() {
    expect('{');
    while (!accept('}')) {
      const std::string key = read_string();
      expect(':');
      if (key == "descr") {
        once(descr_, key) = read_string();
      } else if (key == "fortran_order") {
        once(fortran_order_, key) = read_bool();
      } else if (key == "shape") {
        once(shape_, key) = read_shape();
      } else {
        throw NpyError("expected the keys descr, fortran_order and shape, found " + printable(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_white_space();
    if (at_ != text_.size()) fail("nothing after the header's dict");
    if (!descr_ || !fortran_order_ || !shape_) throw NpyError("expected the keys descr, fortran_order and shape");
  }

  const std::string& descr() const { return *descr_; }
  bool fortran_order() const { return *fortran_order_; }
  const Shape& shape() const { return *shape_; }

 private:
  [[noreturn]] void fail(std::string_view expected) const {
    throw NpyError("expected " + std::string(expected) + " at byte " + std::to_string(at_) + " of the header's dict");
  }

  template <typename T>
  static std::optional<T>& once(std::optional<T>& field, const std::string& key) {
    if (field) throw NpyError("expected the key " + key + " once, found it twice");
    return field;
  }

  void skip_white_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }

  bool accept(char c) {
    skip_white_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) fail(std::string("'") + c + "'");
  }

  bool accept_word(std::string_view word) {
    skip_white_space();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  std::string read_string() {
    skip_white_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail("a string (arrays of structures are not supported)");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == text_.npos) fail("a string's closing quote");
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    if (value.find('\\') != value.npos) fail("a string without escapes");
    at_ = end + 1;
    return value;
  }

  bool read_bool() {
    if (accept_word("True")) return true;
    if (accept_word("False")) return false;
    fail("True or False");
  }

  Shape read_shape() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      if (shape.size() == kMaxRank) fail("a rank of at most " + std::to_string(kMaxRank));
      shape.push_back(read_extent());
      if (accept(',')) continue;
      if (shape.size() == 1) fail("',' after a tuple's only element");
      expect(')');
      break;
    }
    return shape;
  }

  std::int64_t read_extent() {
    skip_white_space();
    std::int64_t extent = -1;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), extent);
    if (error != std::errc{} || extent < 0) fail("an extent, a non-negative integer below 2^63");
    at_ += static_cast<std::size_t>(end - begin);
    return extent;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<std::string> descr_;
  std::optional<bool> fortran_order_;
  std::optional<Shape> shape_;
};

DType dtype_of(std::string_view descr) {
  const auto row = std::ranges::find(kDescrs, descr, &DescrRow::descr);
  if (row != kDescrs.end()) return row->dtype;
  if (descr.starts_with('>')) throw NpyError("expected little-endian values, found dtype " + printable(descr));
  throw NpyError("expected dtype <f8, <f4, <f2, <i8, <i4, <i2, |i1, <u8, <u4, <u2, |u1 or |b1, found " +
                 printable(descr));
}

std::size_t byte_count(DType dtype, const Shape& shape) {
  auto bytes = static_cast<std::int64_t>(size_in_bytes(dtype));
  for (const std::int64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) {
      throw NpyError("expected a size below 2^63 bytes, found shape " + to_string(shape));
    }
  }
  return static_cast<std::size_t>(bytes);
}

}  // namespace

std::size_t npy_header_size(std::span<const std::byte> preamble) {
  if (preamble.size() < kNpyPreambleSize || std::memcmp(preamble.data(), kMagic.data(), kMagic.size()) != 0) {
    throw NpyError("expected a .npy array, found no such magic number");
  }
  const auto major = std::to_integer<int>(preamble[kVersionAt]);
  const auto minor = std::to_integer<int>(preamble[kVersionAt + 1]);
  if (major < 1 || major > 3 || minor != 0) {
    throw NpyError("expected .npy version 1.0, 2.0 or 3.0, found " + std::to_string(major) + "." +
                   std::to_string(minor));
  }
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  std::uint32_t length = 0;
  std::memcpy(&length, preamble.data() + kLengthAt, length_bytes);
  if (length > kMaxNpyHeaderSize) {
    throw NpyError("expected a header of at most " + std::to_string(kMaxNpyHeaderSize) + " bytes, found " +
                   std::to_string(length));
  }
  const std::size_t size = kLengthAt + length_bytes + length;
  if (size < kNpyPreambleSize)
    throw NpyError("expected a header that holds a dict, found " + std::to_string(length) + " bytes");
  return size;
}

NpyHeader parse_npy_header(std::span<const std::byte> header) {
  const std::size_t dict_at = kLengthAt + (std::to_integer<int>(header[kVersionAt]) == 1 ? 2 : 4);
  DictParser dict({reinterpret_cast<const char*>(header.data()) + dict_at, header.size() - dict_at});
  dict.parse();
  const DType dtype = dtype_of(dict.descr());
  return {.dtype = dtype,
          .shape = dict.shape(),
          .fortran_order = dict.fortran_order(),
          .data_begin = header.size(),
          .data_size = byte_count(dtype, dict.shape())};
}

std::string write_npy_header(DType dtype, const Shape& shape) {
  const auto row = std::ranges::find(kDescrs, dtype, &DescrRow::dtype);
  assert(row != kDescrs.end());
  std::string dict = "{'descr': '" + std::string(row->descr) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < shape.size(); ++i) dict += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  dict += shape.size() == 1 ? ",), }" : "), }";
  constexpr std::size_t kAlignment = 64;  // so that a reader may map the data
  const std::size_t dict_at = kLengthAt + 2;
  const std::size_t size = (dict_at + dict.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  dict.resize(size - dict_at - 1, ' ');
  dict += '\n';
  std::string header(kMagic);
  header += {'\x01', '\x00'};
  header += {static_cast<char>(dict.size() & 0xFF), static_cast<char>(dict.size() >> 8)};
  return header + dict;
}

}  // namespace mobileclip
