// Reading model configurations: OpenCLIP's open_clip_config.json, and the split layout's one JSON file a tower.
#pragma once

#include <filesystem>

#include "engine/models/config_hints.h"

namespace mobileclip {

/// Adds what `file` says. Takes OpenCLIP's whole document {"model_cfg": …, "preprocess_cfg": …} as well as the flat
/// members of the split layout (model_config_writer.h). Unknown members are ignored: other tools write them.
/// Members of a wrong type, out of range, or that ask for what the engine does not do are LoadErrors naming file and
/// member.
void read_config_file(const std::filesystem::path& file, ConfigHints& hints);

}  // namespace mobileclip
