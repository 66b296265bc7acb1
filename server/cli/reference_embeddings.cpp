#include "server/cli/reference_embeddings.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace mobileclip::server {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

void check_counts(const fs::path& file, std::string_view what, std::size_t inputs, std::size_t embeddings) {
  if (inputs == embeddings) return;
  throw LoadError(file.string() + ": expected an embedding for each of \"" + std::string(what) + "\", found " +
                  std::to_string(inputs) + " and " + std::to_string(embeddings));
}

}  // namespace

std::optional<ReferenceEmbeddings> read_reference_embeddings(const fs::path& directory) {
  const fs::path file = directory / kReferenceEmbeddingsFile;
  std::ifstream in(file);
  if (!in) return std::nullopt;
  ReferenceEmbeddings reference;
  try {
    const Json document = Json::parse(in);
    const auto read = [&document](const char* key, auto& out) {
      if (document.contains(key)) document.at(key).get_to(out);
    };
    std::vector<std::string> images;
    read("texts", reference.texts);
    read("text_embeddings", reference.text_embeddings);
    read("images", images);
    read("image_embeddings", reference.image_embeddings);
    read("min_cosine", reference.min_cosine);
    for (const std::string& image : images) reference.images.push_back(directory / image);
  } catch (const Json::exception& error) {
    throw LoadError(file.string() + ": " + error.what());
  }
  check_counts(file, "texts", reference.texts.size(), reference.text_embeddings.size());
  check_counts(file, "images", reference.images.size(), reference.image_embeddings.size());
  return reference;
}

}  // namespace mobileclip::server
