#include "tests/support/shared_data.h"

#include <cstdlib>

namespace mobileclip::testing {

std::filesystem::path source_dir() { return MOBILECLIP_SOURCE_DIR; }

std::optional<std::filesystem::path> shared_path(std::string_view relative) {
  const char* from_environment = std::getenv("MOBILECLIP_SHARED");
  std::filesystem::path path =
      from_environment ? std::filesystem::path(from_environment) : source_dir().parent_path() / "shared";
  path /= relative;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

}  // namespace mobileclip::testing
