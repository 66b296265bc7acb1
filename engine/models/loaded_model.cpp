#include "engine/models/loaded_model.h"

namespace mobileclip {

LoadedModel load_model(const std::filesystem::path& directory, const Progress& progress) {
  if (is_sentence_directory(directory)) return load_sentence_model(directory, progress);
  return load_clip_model(directory, progress);
}

}  // namespace mobileclip
