// Integers of either byte order out of untrusted bytes. The caller checks `contains` before it reads.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mobileclip {

enum class ByteOrder { kLittle, kBig };

/// Does not own the bytes.
class ByteView {
 public:
  explicit ByteView(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool contains(std::uint64_t offset, std::uint64_t count) const {
    return offset <= bytes_.size() && count <= bytes_.size() - offset;
  }
  /// Precondition: contains(offset, count).
  [[nodiscard]] std::span<const std::byte> sub(std::uint64_t offset, std::uint64_t count) const {
    assert(contains(offset, count));
    return bytes_.subspan(offset, count);
  }

  /// Whether `text` stands at `offset`; false where the bytes end before it does.
  [[nodiscard]] bool matches(std::uint64_t offset, std::string_view text) const {
    return contains(offset, text.size()) &&
           std::equal(text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset),
                      [](char a, std::byte b) { return static_cast<std::byte>(a) == b; });
  }

  // Preconditions: the bytes read are contained.
  [[nodiscard]] std::uint8_t u8(std::uint64_t offset) const { return std::to_integer<std::uint8_t>(bytes_[offset]); }
  [[nodiscard]] std::uint16_t u16(std::uint64_t offset, ByteOrder order) const {
    return static_cast<std::uint16_t>(unsigned_at(offset, 2, order));
  }
  [[nodiscard]] std::uint32_t u24(std::uint64_t offset, ByteOrder order) const {
    return static_cast<std::uint32_t>(unsigned_at(offset, 3, order));
  }
  [[nodiscard]] std::uint32_t u32(std::uint64_t offset, ByteOrder order) const {
    return static_cast<std::uint32_t>(unsigned_at(offset, 4, order));
  }
  [[nodiscard]] std::uint64_t u64(std::uint64_t offset, ByteOrder order) const { return unsigned_at(offset, 8, order); }

 private:
  [[nodiscard]] std::uint64_t unsigned_at(std::uint64_t offset, int count, ByteOrder order) const {
    assert(contains(offset, static_cast<std::uint64_t>(count)));
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) {
      const int from = order == ByteOrder::kBig ? i : count - 1 - i;
      value = value << 8 | u8(offset + static_cast<std::uint64_t>(from));
    }
    return value;
  }

  std::span<const std::byte> bytes_;
};

}  // namespace mobileclip
