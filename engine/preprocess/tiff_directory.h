// The first image file directory of a TIFF structure (TIFF 6.0 section 2; BigTIFF as libtiff defines it): what TIFF
// files and EXIF blocks have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/preprocess/byte_view.h"

namespace mobileclip {

namespace tiff_tag {
inline constexpr std::uint16_t kImageWidth = 256;
inline constexpr std::uint16_t kImageLength = 257;
inline constexpr std::uint16_t kOrientation = 274;
}  // namespace tiff_tag

/// Whether the bytes begin as a TIFF structure does: "II*\0", "MM\0*" or, for BigTIFF, '+' in the place of '*'.
bool has_tiff_magic(std::span<const std::byte> bytes);

/// A view of the bytes it was read from; they must outlive it.
class TiffDirectory {
 public:
  /// nullopt where there is no such structure or its first directory lies outside `bytes`.
  static std::optional<TiffDirectory> read(std::span<const std::byte> bytes);

  /// The first value of the tag; nullopt where it is missing, not an unsigned integer, or outside the bytes.
  [[nodiscard]] std::optional<std::uint64_t> value(std::uint16_t tag) const;

 private:
  TiffDirectory(ByteView bytes, ByteOrder order, bool big, std::uint64_t entries_at, std::uint64_t entry_count)
      : bytes_(bytes), order_(order), big_(big), entries_at_(entries_at), entry_count_(entry_count) {}

  ByteView bytes_;
  ByteOrder order_;
  bool big_;
  std::uint64_t entries_at_;
  std::uint64_t entry_count_;
};

}  // namespace mobileclip
