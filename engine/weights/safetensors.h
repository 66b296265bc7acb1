// The safetensors format: u64 header length, JSON header, tensor bytes. Reads by mapping; rejects what the reference
// implementation (huggingface/safetensors, safetensors/src/tensor.rs) rejects.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/base/progress.h"
#include "engine/weights/tensor_store.h"

namespace mobileclip {

/// Throws LoadError naming file, tensor, expected and found.
TensorStore read_safetensors(const std::filesystem::path& file);

/// A sharded checkpoint: `index` is model.safetensors.index.json, its shards lie beside it. Every tensor of the
/// index must be in the shard it names and every tensor of a shard in the index. Throws LoadError.
TensorStore read_sharded_safetensors(const std::filesystem::path& index);

/// The file's `__metadata__`, empty where it has none. Throws LoadError.
std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& file);

/// One tensor to write. `fill` writes exactly element_count(shape) float32 values (for kI64: it is not called, the
/// tensor is zeros; for kU32 `fill_words` is); the writer rounds to `dtype` (nearest even). Tensors are made one at a
/// time, so that a model never stands in memory twice.
struct TensorToWrite {
  std::string name;
  DType dtype = DType::kF32;  ///< kF32, kF16, kBF16, kI64 or kU32
  Shape shape;
  std::function<void(std::span<float>)> fill;
  std::function<void(std::span<std::uint32_t>)> fill_words = nullptr;
};

/// What stands before the tensors' bytes, which follow in the order given: length prefix and JSON, padded to 8 bytes.
/// For who writes the tensors itself; `fill` may be empty.
std::string safetensors_header(const std::vector<TensorToWrite>& tensors,
                               const std::map<std::string, std::string>& metadata = {});

/// Size of the file that write_safetensors() makes of them; nothing is filled.
std::uint64_t safetensors_bytes(std::vector<TensorToWrite> tensors,
                                const std::map<std::string, std::string>& metadata = {});

/// Writes names sorted, header padded to 8 bytes with spaces, to a temporary file beside `file` that then replaces it,
/// so that nothing half-written is ever left under that name. Throws std::system_error (naming the file) where writing
/// fails.
void write_safetensors(const std::filesystem::path& file, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata = {}, const Progress& progress = {});

}  // namespace mobileclip
