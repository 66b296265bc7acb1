// libtiff on bytes in memory, silent, with its complaints kept.
#pragma once

#include <tiffio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace mobileclip {

/// An open TIFF. The bytes must outlive it. One thread at a time.
class TiffHandle {
 public:
  explicit TiffHandle(std::span<const std::byte> encoded);
  TiffHandle(const TiffHandle&) = delete;
  TiffHandle& operator=(const TiffHandle&) = delete;

  /// nullptr where libtiff could not open it.
  [[nodiscard]] TIFF* get() const { return tiff_.get(); }
  /// The last error libtiff reported, that is the one it stopped at; a general one where it reported none.
  [[nodiscard]] std::string complaint() const;

  /// The tag's value or its default by the standard.
  template <typename T>
  [[nodiscard]] T tag(std::uint32_t id, T otherwise) const {
    T value{};
    return TIFFGetFieldDefaulted(tiff_.get(), id, &value) != 0 ? value : otherwise;
  }

 private:
  struct Source {
    std::span<const std::byte> bytes;
    std::size_t position = 0;
    std::string complaint;
  };
  struct Callbacks;
  struct Close {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  };

  std::unique_ptr<Source> source_;  // libtiff keeps its address
  std::unique_ptr<TIFF, Close> tiff_;
};

}  // namespace mobileclip
