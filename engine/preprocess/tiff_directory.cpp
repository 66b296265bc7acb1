#include "engine/preprocess/tiff_directory.h"

namespace mobileclip {
namespace {

using namespace std::string_view_literals;

// TIFF 6.0, "types", and BigTIFF's LONG8.
constexpr std::uint16_t kByte = 1;
constexpr std::uint16_t kShort = 3;
constexpr std::uint16_t kLong = 4;
constexpr std::uint16_t kLong8 = 16;

std::uint64_t bytes_of_type(std::uint16_t type) {
  switch (type) {
    case kByte:
      return 1;
    case kShort:
      return 2;
    case kLong:
      return 4;
    case kLong8:
      return 8;
    default:
      return 0;
  }
}

}  // namespace

bool has_tiff_magic(std::span<const std::byte> bytes) {
  const ByteView view(bytes);
  return view.matches(0, "II*\0"sv) || view.matches(0, "MM\0*"sv) || view.matches(0, "II+\0"sv) ||
         view.matches(0, "MM\0+"sv);
}

std::optional<TiffDirectory> TiffDirectory::read(std::span<const std::byte> bytes) {
  if (!has_tiff_magic(bytes)) return std::nullopt;
  const ByteView view(bytes);
  const ByteOrder order = view.u8(0) == 'I' ? ByteOrder::kLittle : ByteOrder::kBig;
  const bool big = view.u16(2, order) == 43;
  if (!view.contains(0, big ? 16 : 8)) return std::nullopt;

  const std::uint64_t directory = big ? view.u64(8, order) : view.u32(4, order);
  const std::uint64_t count_bytes = big ? 8 : 2;
  if (!view.contains(directory, count_bytes)) return std::nullopt;
  const std::uint64_t count = big ? view.u64(directory, order) : view.u16(directory, order);
  const std::uint64_t entry_bytes = big ? 20 : 12;
  if (count > view.size() / entry_bytes || !view.contains(directory + count_bytes, count * entry_bytes)) {
    return std::nullopt;
  }
  return TiffDirectory(view, order, big, directory + count_bytes, count);
}

std::optional<std::uint64_t> TiffDirectory::value(std::uint16_t tag) const {
  // An entry: tag u16, type u16, count u32 (Big: u64), then the values if they fit in 4 (8) bytes, else their offset.
  const std::uint64_t entry_bytes = big_ ? 20 : 12;
  const std::uint64_t inline_bytes = big_ ? 8 : 4;
  for (std::uint64_t i = 0; i < entry_count_; ++i) {
    const std::uint64_t entry = entries_at_ + i * entry_bytes;
    if (bytes_.u16(entry, order_) != tag) continue;

    const std::uint64_t size = bytes_of_type(bytes_.u16(entry + 2, order_));
    const std::uint64_t count = big_ ? bytes_.u64(entry + 4, order_) : bytes_.u32(entry + 4, order_);
    if (size == 0 || count == 0) return std::nullopt;
    std::uint64_t at = entry + entry_bytes - inline_bytes;
    if (count > inline_bytes / size) at = big_ ? bytes_.u64(at, order_) : bytes_.u32(at, order_);
    if (!bytes_.contains(at, size)) return std::nullopt;
    switch (size) {
      case 1:
        return bytes_.u8(at);
      case 2:
        return bytes_.u16(at, order_);
      case 4:
        return bytes_.u32(at, order_);
      default:
        return bytes_.u64(at, order_);
    }
  }
  return std::nullopt;
}

}  // namespace mobileclip
