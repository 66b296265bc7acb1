// Hugging Face's config.json of an encoder-only text model.
#pragma once

#include <filesystem>
#include <string>

#include "engine/models/encoders/encoder_config.h"

namespace mobileclip {

/// Throws LoadError naming file, member, expected and found: for what is missing, out of range, or asks for what the
/// engine does not do. Unknown members are ignored: training left them.
EncoderConfig read_encoder_config(const std::filesystem::path& file);

/// The model_type that `file` names, whether or not it is one that read_encoder_config takes; empty where it names
/// none.
std::string read_model_type(const std::filesystem::path& file);

}  // namespace mobileclip
