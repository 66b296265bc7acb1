// What every weights file becomes: named tensors over bytes that somebody keeps alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor/shape.h"

namespace mobileclip {

enum class DType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU64, kU32, kU16, kU8, kBool };

/// Readers refuse more: no tensor of a network has them, but a file may declare ten thousand.
inline constexpr std::size_t kMaxRank = 8;

std::string_view to_string(DType dtype);  ///< as safetensors spells it: "F32"
std::size_t size_in_bytes(DType dtype);
std::optional<DType> dtype_from_string(std::string_view name);

/// What storing a value as F16 or BF16 and reading it back makes of it; the value itself for wider types.
float as_stored(float value, DType dtype);

/// One tensor as it lies in its file: little-endian, row-major. The bytes live as long as the store it came from.
struct StoredTensor {
  std::string name;
  DType dtype;
  Shape shape;
  std::span<const std::byte> bytes;  ///< not necessarily aligned for its type
  std::string file;                  ///< for error messages
};

/// Float32 values of one tensor: borrowed from the store where it holds aligned F32, else converted and owned.
/// Movable; `values` stays valid across moves.
struct FloatTensor {
  Shape shape;
  std::span<const float> values;
  std::shared_ptr<const void> owner;  ///< keeps `values` alive (a mapping or a converted copy)
};

/// Float32 values made here rather than read.
FloatTensor owned_tensor(Shape shape, std::vector<float> values);

/// What keeps a store's bytes alive: a mapped file (mapped_file.h) or memory.
class Backing {
 public:
  Backing() = default;
  Backing(const Backing&) = delete;
  Backing& operator=(const Backing&) = delete;
  virtual ~Backing() = default;
  /// True once the bytes are no longer what they were when the store was made. Thread-safe.
  [[nodiscard]] virtual bool damaged() const noexcept { return false; }
};

/// Immutable; safe to read from any number of threads. Copies share the backing.
class TensorStore {
 public:
  using Backings = std::vector<std::shared_ptr<const Backing>>;

  TensorStore() = default;
  /// Sorts by name. `backing` keeps every tensor's bytes alive. Throws LoadError on a name given twice.
  TensorStore(std::vector<StoredTensor> tensors, Backings backing);

  [[nodiscard]] std::span<const StoredTensor> tensors() const;  ///< sorted by name
  /// nullptr where there is none of that name.
  [[nodiscard]] const StoredTensor* find(std::string_view name) const;
  [[nodiscard]] const Backings& backing() const;

  /// Values as float32: zero-copy for aligned F32; F16, BF16 and F64 are converted. Throws LoadError for integer types,
  /// a missing tensor, a shape other than `expected` and values that are NaN or infinite.
  [[nodiscard]] FloatTensor floats(std::string_view name, const Shape& expected) const;
  [[nodiscard]] FloatTensor floats(const StoredTensor& tensor) const;

  /// True once a mapped file behind this store was found truncated while being read (mapped_file.h): its pages then
  /// read as zeros instead of killing the process, and what was read must not be used.
  [[nodiscard]] bool damaged() const;

 private:
  std::vector<StoredTensor> tensors_;
  std::shared_ptr<const Backings> backing_;
};

}  // namespace mobileclip
