// The JSON header of a safetensors file, checked against the bytes that follow it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/weights/tensor_store.h"

namespace mobileclip {

/// The reference's limit.
inline constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;

struct SafetensorsHeader {
  struct Tensor {
    std::string name;
    DType dtype;
    Shape shape;
    std::uint64_t begin;  ///< bytes after the header
    std::uint64_t end;
  };
  std::vector<Tensor> tensors;  ///< by place in the file; they cover it without holes or overlap
  std::map<std::string, std::string> metadata;
  std::uint64_t data_begin;  ///< bytes from the file's start
};

/// `bytes` is the whole file, `file` its name for messages. Throws LoadError.
SafetensorsHeader parse_safetensors_header(std::span<const std::byte> bytes, const std::string& file);

}  // namespace mobileclip
