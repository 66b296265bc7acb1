// Embeddings of images as a file, in one of three formats.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mobileclip::server {

enum class EmbeddingFormat { kNpy, kNdjson, kSafetensors };

/// By the name's ending: .npy; .ndjson or .jsonl; .safetensors.
std::optional<EmbeddingFormat> embedding_format(const std::filesystem::path& file);

struct EmbeddingRows {
  std::vector<std::string> paths;  ///< one a row
  std::size_t dimensions;
  std::function<void(const std::string& path, std::span<float> values)> read;
  std::map<std::string, std::string> about;  ///< for the format that has a place for it: safetensors
};

/// A row an image, in the order of `paths`: an array [rows, dimensions] of float32 (npy; safetensors, as the tensor
/// "embeddings"), or lines as `embed` prints them. Beside an array stands list_of_paths(file), which is written first.
/// Both appear whole or not at all. Holds a row at a time. Throws std::system_error naming the file, and what `read`
/// throws.
void write_embeddings(const std::filesystem::path& file, const EmbeddingRows& rows);

/// One line a row: the path as a JSON string (json_path.h).
std::filesystem::path list_of_paths(const std::filesystem::path& file);

}  // namespace mobileclip::server
