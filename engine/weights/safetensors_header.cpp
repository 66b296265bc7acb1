// Follows huggingface/safetensors, safetensors/src/tensor.rs: read_metadata, then Metadata::validate. Where it differs:
// a name given twice is an error (the reference keeps the last), and so are dtypes and ranks no network here has.
#include "engine/weights/safetensors_header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "engine/base/error.h"
#include "engine/weights/json_cursor.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

using Tensor = SafetensorsHeader::Tensor;

/// What the format has besides the types of TensorStore.
constexpr std::array<std::string_view, 9> kUnsupportedDTypes{
    "F4", "F6_E2M3", "F6_E3M2", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "C64"};

class HeaderParser {
 public:
  HeaderParser(std::string_view json, const std::string& file) : cursor_(json), file_(file) {}

  void parse(SafetensorsHeader& header) {
    std::string name;
    bool in_tensor = false;
    try {
      cursor_.enter_object();
      bool metadata_seen = false;
      while (cursor_.next_member(name)) {
        if (name != "__metadata__") {
          in_tensor = true;
          header.tensors.push_back(parse_tensor(name));
          in_tensor = false;
          continue;
        }
        if (metadata_seen) throw JsonError("expected __metadata__ once, found it twice");
        metadata_seen = true;
        header.metadata = parse_metadata();
      }
      cursor_.expect_end();
    } catch (const JsonError& error) {
      const std::string where = in_tensor ? ", tensor " + printable(name) : "";
      throw LoadError(file_ + ": bad header" + where + ": " + error.what());
    }
  }

 private:
  struct Fields {
    std::optional<DType> dtype;
    std::optional<Shape> shape;
    std::optional<std::array<std::uint64_t, 2>> offsets;
  };

  std::map<std::string, std::string> parse_metadata() {
    std::map<std::string, std::string> metadata;
    if (cursor_.peek() == 'n') {
      cursor_.read_null();
      return metadata;
    }
    cursor_.enter_object();
    std::string key;
    while (cursor_.next_member(key)) metadata.insert_or_assign(key, cursor_.read_string());
    return metadata;
  }

  /// {"dtype": …, "shape": …, "data_offsets": …} in any order with any other members, or the three as an array: serde
  /// takes a struct either way.
  Tensor parse_tensor(const std::string& name) {
    Fields fields;
    if (cursor_.peek() == '[') {
      parse_fields_as_array(fields);
    } else {
      parse_fields(fields);
    }
    return {name, *fields.dtype, std::move(*fields.shape), (*fields.offsets)[0], (*fields.offsets)[1]};
  }

  void parse_fields(Fields& fields) {
    cursor_.enter_object();
    std::string key;
    while (cursor_.next_member(key)) {
      if (key == "dtype") {
        once(fields.dtype, key) = parse_dtype();
      } else if (key == "shape") {
        once(fields.shape, key) = parse_shape();
      } else if (key == "data_offsets") {
        once(fields.offsets, key) = parse_offsets();
      } else {
        cursor_.skip_value();
      }
    }
    require(fields.dtype.has_value(), "dtype");
    require(fields.shape.has_value(), "shape");
    require(fields.offsets.has_value(), "data_offsets");
  }

  void parse_fields_as_array(Fields& fields) {
    cursor_.enter_array();
    require(cursor_.next_element(), "dtype");
    fields.dtype = parse_dtype();
    require(cursor_.next_element(), "shape");
    fields.shape = parse_shape();
    require(cursor_.next_element(), "data_offsets");
    fields.offsets = parse_offsets();
    if (cursor_.next_element()) cursor_.fail("3 elements", "more");
  }

  template <typename T>
  static std::optional<T>& once(std::optional<T>& field, const std::string& key) {
    if (field) throw JsonError("expected " + key + " once, found it twice");
    return field;
  }

  void require(bool present, const char* field) {
    if (!present) throw JsonError(std::string("expected a field ") + field + ", found none");
  }

  /// "F32", or as serde also takes an enumeration: {"F32": null}.
  DType parse_dtype() {
    std::string name;
    if (cursor_.peek() == '{') {
      cursor_.enter_object();
      std::string second;
      if (!cursor_.next_member(name)) cursor_.fail("a dtype", "an empty object");
      cursor_.read_null();
      if (cursor_.next_member(second)) cursor_.fail("one dtype", "two");
    } else {
      name = cursor_.read_string();
    }
    if (const auto dtype = dtype_from_string(name)) return *dtype;
    if (std::ranges::find(kUnsupportedDTypes, name) != kUnsupportedDTypes.end()) {
      throw JsonError("dtype " + name +
                      " is not supported; expected F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8 or BOOL");
    }
    throw JsonError("expected a dtype such as F32, found " + printable(name));
  }

  Shape parse_shape() {
    Shape shape;
    cursor_.enter_array();
    while (cursor_.next_element()) {
      if (shape.size() == kMaxRank) cursor_.fail("a rank of at most " + std::to_string(kMaxRank), "a higher one");
      const std::uint64_t extent = cursor_.read_unsigned();
      if (extent > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        cursor_.fail("an extent below 2^63", std::to_string(extent));
      }
      shape.push_back(static_cast<std::int64_t>(extent));
    }
    return shape;
  }

  std::array<std::uint64_t, 2> parse_offsets() {
    std::array<std::uint64_t, 2> offsets{};
    cursor_.enter_array();
    for (std::uint64_t& offset : offsets) {
      if (!cursor_.next_element()) cursor_.fail("two data_offsets", "fewer");
      offset = cursor_.read_unsigned();
    }
    if (cursor_.next_element()) cursor_.fail("two data_offsets", "more");
    return offsets;
  }

  JsonCursor cursor_;
  const std::string& file_;
};

void check_names(const std::vector<Tensor>& tensors, const std::string& file) {
  std::vector<std::string_view> names;
  names.reserve(tensors.size());
  for (const Tensor& tensor : tensors) names.push_back(tensor.name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) {
    throw LoadError(file + ": bad header: expected each tensor once, found " + printable(*twice) + " twice");
  }
}

/// Bytes of a tensor; nullopt where the product does not fit 63 bits at any point.
std::optional<std::uint64_t> byte_count(const Tensor& tensor) {
  std::int64_t bytes = 1;
  for (const std::int64_t extent : tensor.shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  if (__builtin_mul_overflow(bytes, static_cast<std::int64_t>(size_in_bytes(tensor.dtype)), &bytes))
    return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

/// Sorts by place and checks that the tensors cover `data_size` bytes in turn, each as long as its shape says.
void check_layout(std::vector<Tensor>& tensors, std::uint64_t data_size, const std::string& file) {
  std::ranges::sort(
      tensors, [](const Tensor& a, const Tensor& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  std::uint64_t covered = 0;
  for (const Tensor& tensor : tensors) {
    const auto fail = [&](const std::string& expected, const std::string& found) {
      throw LoadError(file + ": tensor " + printable(tensor.name) + ": expected " + expected + ", found " + found);
    };
    const auto offsets = [&] { return std::to_string(tensor.begin) + " to " + std::to_string(tensor.end); };
    const auto declared = [&] { return std::string(to_string(tensor.dtype)) + " " + to_string(tensor.shape); };
    if (tensor.begin != covered) fail("data_offsets that begin at " + std::to_string(covered), offsets());
    if (tensor.end < tensor.begin) fail("data_offsets in order", offsets());
    const auto bytes = byte_count(tensor);
    if (!bytes) fail("a size below 2^63 bytes", declared());
    if (*bytes != tensor.end - tensor.begin) {
      fail(std::to_string(*bytes) + " bytes for " + declared(), std::to_string(tensor.end - tensor.begin));
    }
    if (tensor.end > data_size) fail("data_offsets within " + std::to_string(data_size) + " bytes of data", offsets());
    covered = tensor.end;
  }
  if (covered != data_size) {
    throw LoadError(file + ": expected " + std::to_string(covered) + " bytes of tensors after the header, found " +
                    std::to_string(data_size));
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::span<const std::byte> bytes, const std::string& file) {
  const auto fail = [&](const std::string& expected, const std::string& found) {
    throw LoadError(file + ": not a safetensors file: expected " + expected + ", found " + found);
  };
  constexpr std::size_t kPrefix = sizeof(std::uint64_t);
  if (bytes.size() < kPrefix) fail("at least 8 bytes", std::to_string(bytes.size()));
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kPrefix);
  if (length > kMaxSafetensorsHeader) {
    fail("a header of at most " + std::to_string(kMaxSafetensorsHeader) + " bytes", std::to_string(length));
  }
  const std::size_t rest = bytes.size() - kPrefix;
  if (length > rest) {
    fail("a header of " + std::to_string(length) + " bytes, as it says", "only " + std::to_string(rest) + " bytes");
  }
  const std::string_view json(reinterpret_cast<const char*>(bytes.data() + kPrefix), length);
  if (!is_valid_utf8(json)) fail("a header in UTF-8", "bytes that are not");

  SafetensorsHeader header{.tensors = {}, .metadata = {}, .data_begin = kPrefix + length};
  HeaderParser(json, file).parse(header);
  check_names(header.tensors, file);
  check_layout(header.tensors, bytes.size() - header.data_begin, file);
  return header;
}

}  // namespace mobileclip
