#include "engine/weights/tensor_store.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "engine/weights/float_conversion.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

static_assert(std::endian::native == std::endian::little, "weights are little-endian and read in place");

struct DTypeRow {
  DType dtype;
  std::string_view name;
  std::size_t bytes;
};

constexpr std::array kDTypes{
    // in the order of the enumeration
    DTypeRow{DType::kF64, "F64", 8},   DTypeRow{DType::kF32, "F32", 4}, DTypeRow{DType::kF16, "F16", 2},
    DTypeRow{DType::kBF16, "BF16", 2}, DTypeRow{DType::kI64, "I64", 8}, DTypeRow{DType::kI32, "I32", 4},
    DTypeRow{DType::kI16, "I16", 2},   DTypeRow{DType::kI8, "I8", 1},   DTypeRow{DType::kU64, "U64", 8},
    DTypeRow{DType::kU32, "U32", 4},   DTypeRow{DType::kU16, "U16", 2}, DTypeRow{DType::kU8, "U8", 1},
    DTypeRow{DType::kBool, "BOOL", 1},
};

std::string where(const StoredTensor& tensor) { return tensor.file + ": tensor " + printable(tensor.name); }

std::vector<float> converted(const StoredTensor& tensor) {
  std::vector<float> values(tensor.bytes.size() / size_in_bytes(tensor.dtype));
  const std::byte* const from = tensor.bytes.data();
  switch (tensor.dtype) {
    case DType::kF64:
      f64_to_f32(from, values);
      return values;
    case DType::kF32:  // not aligned, else it would be borrowed
      if (!values.empty()) std::memcpy(values.data(), from, tensor.bytes.size());
      return values;
    case DType::kF16:
      f16_to_f32(from, values);
      return values;
    case DType::kBF16:
      bf16_to_f32(from, values);
      return values;
    default:
      break;
  }
  throw LoadError(where(tensor) + ": expected dtype F32, F16, BF16 or F64, found " +
                  std::string(to_string(tensor.dtype)));
}

bool is_aligned_for_float(const std::byte* p) { return reinterpret_cast<std::uintptr_t>(p) % alignof(float) == 0; }

}  // namespace

std::string_view to_string(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)].name; }

std::size_t size_in_bytes(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)].bytes; }

std::optional<DType> dtype_from_string(std::string_view name) {
  const auto row = std::ranges::find(kDTypes, name, &DTypeRow::name);
  if (row == kDTypes.end()) return std::nullopt;
  return row->dtype;
}

float as_stored(float value, DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return f16_to_f32(f32_to_f16(value));
    case DType::kBF16:
      return bf16_to_f32(f32_to_bf16(value));
    default:
      return value;
  }
}

FloatTensor owned_tensor(Shape shape, std::vector<float> values) {
  auto owner = std::make_shared<const std::vector<float>>(std::move(values));
  const std::span<const float> view(*owner);
  return {.shape = std::move(shape), .values = view, .owner = std::move(owner)};
}

TensorStore::TensorStore(std::vector<StoredTensor> tensors, Backings backing)
    : tensors_(std::move(tensors)), backing_(std::make_shared<const Backings>(std::move(backing))) {
  std::ranges::sort(tensors_, {}, &StoredTensor::name);
  const auto twice = std::ranges::adjacent_find(tensors_, {}, &StoredTensor::name);
  if (twice != tensors_.end()) {
    const std::string& other_file = std::next(twice)->file;
    throw LoadError(where(*twice) + " is there twice" + (other_file == twice->file ? "" : ", also in " + other_file) +
                    "; expected each name once");
  }
}

std::span<const StoredTensor> TensorStore::tensors() const { return tensors_; }

const StoredTensor* TensorStore::find(std::string_view name) const {
  const auto it = std::ranges::lower_bound(tensors_, name, {}, &StoredTensor::name);
  return it != tensors_.end() && it->name == name ? &*it : nullptr;
}

const TensorStore::Backings& TensorStore::backing() const {
  static const Backings kNone;
  return backing_ ? *backing_ : kNone;
}

FloatTensor TensorStore::floats(std::string_view name, const Shape& expected) const {
  const StoredTensor* const tensor = find(name);
  if (!tensor) {
    const std::string file = tensors_.empty() ? "an empty file" : tensors_.front().file;
    throw LoadError(file + ": tensor " + printable(name) + " is missing; expected shape " + to_string(expected));
  }
  if (tensor->shape != expected) {
    throw LoadError(where(*tensor) + ": expected shape " + to_string(expected) + ", found " + to_string(tensor->shape));
  }
  return floats(*tensor);
}

FloatTensor TensorStore::floats(const StoredTensor& tensor) const {
  FloatTensor result;
  if (tensor.dtype == DType::kF32 && is_aligned_for_float(tensor.bytes.data())) {
    const auto* const values = reinterpret_cast<const float*>(tensor.bytes.data());
    result = {.shape = tensor.shape, .values = {values, tensor.bytes.size() / sizeof(float)}, .owner = backing_};
  } else {
    result = owned_tensor(tensor.shape, converted(tensor));
  }
  const std::size_t bad = first_not_finite(result.values);
  if (bad != result.values.size()) {
    throw LoadError(where(tensor) + ": expected finite values, found " + std::to_string(result.values[bad]) +
                    " at element " + std::to_string(bad));
  }
  return result;
}

bool TensorStore::damaged() const {
  return std::ranges::any_of(backing(), [](const auto& file) { return file->damaged(); });
}

}  // namespace mobileclip
