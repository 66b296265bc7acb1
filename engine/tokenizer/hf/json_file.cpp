#include "engine/tokenizer/hf/json_file.h"

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/tokenizer/vocabulary_file.h"

namespace mobileclip::hf {

nlohmann::json parse_json_file(const std::filesystem::path& file) {
  try {
    return nlohmann::json::parse(read_vocabulary_file(file));
  } catch (const nlohmann::json::exception& error) {
    throw LoadError(file.string() + ": expected JSON, found: " + error.what());
  }
}

}  // namespace mobileclip::hf
