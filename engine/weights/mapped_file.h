// A file mapped read-only, whose truncation by somebody else does not kill this process.
//
// Reading a page of a mapping that lies past the file's end raises SIGBUS. The first MappedFile installs a process-wide
// handler that looks the address up among the live mappings; inside one, zero pages replace the rest of the mapping
// and it counts as damaged from then on. Any other SIGBUS goes to whoever handled it before.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "engine/weights/tensor_store.h"

namespace mobileclip {

class MappedFile final : public Backing {
 public:
  /// Throws LoadError where `file` is not a regular file that can be read and mapped.
  explicit MappedFile(const std::filesystem::path& file);
  ~MappedFile() override;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  /// The file as long as it was when it was mapped. Valid as long as this object; not valid once damaged().
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

  /// True once the file was found shorter than it was: by a fault, or by its present length. Thread-safe.
  [[nodiscard]] bool damaged() const noexcept override;

 private:
  int descriptor_ = -1;
  std::size_t slot_ = 0;  ///< in the handler's table
  std::span<const std::byte> bytes_;
};

}  // namespace mobileclip
