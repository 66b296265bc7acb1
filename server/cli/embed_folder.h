// mobileclip-server embed --recursive: every image of a folder into one file.
#pragma once

#include <filesystem>
#include <string>

#include "engine/runtime/engine.h"

namespace mobileclip::server {

struct EmbedFolderArguments {
  std::filesystem::path folder;
  std::filesystem::path output;  ///< its ending says the format (server/bulk/embedding_file.h)
  std::string model;
  EmbedRequest request;
  EngineOptions engine;
};

/// Rows come in the order of the paths' bytes; files that cannot be embedded are left out and listed on standard error
/// at the end. Reading, decoding and inference overlap; what is held in memory is bounded, but for the paths.
///
/// Stopped by SIGINT, SIGTERM or worse, it leaves `output`.journal, by which the same call goes on; files that were
/// changed meanwhile are embedded anew. Returns the exit status: 0, 1 where files failed, 128 + n after signal n.
/// Throws UsageError, and what keeps it from working.
int embed_folder(const EmbedFolderArguments& arguments);

}  // namespace mobileclip::server
