#include "server/http/secret_file.h"

#include <spdlog/spdlog.h>

namespace mobileclip::server {

void warn_if_world_readable(const std::filesystem::path& file, std::string_view what) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::perms permissions = fs::status(file, error).permissions();
  if (error || (permissions & fs::perms::others_read) == fs::perms::none) return;
  spdlog::warn("every user of this machine can read the {} in {}: chmod 600 it", what, file.string());
}

}  // namespace mobileclip::server
