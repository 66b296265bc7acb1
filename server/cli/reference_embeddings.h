// What a model's own software made of some texts and images, kept beside the model to hold this engine to it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mobileclip::server {

inline constexpr std::string_view kReferenceEmbeddingsFile = "reference_embeddings.json";

struct ReferenceEmbeddings {
  std::vector<std::string> texts;
  std::vector<std::vector<float>> text_embeddings;  ///< of any length but zero: directions are compared
  std::vector<std::filesystem::path> images;        ///< files
  std::vector<std::vector<float>> image_embeddings;
  double min_cosine = 0.9999;
};

/// Reads the file of this name in `directory`:
///   {"texts": ["…"], "text_embeddings": [[…]], "images": ["photo.jpg"], "image_embeddings": [[…]], "min_cosine"?:
///   0.9999}
/// Images are files below `directory`. nullopt where there is no such file. Throws LoadError for one that is not like
/// this.
std::optional<ReferenceEmbeddings> read_reference_embeddings(const std::filesystem::path& directory);

}  // namespace mobileclip::server
