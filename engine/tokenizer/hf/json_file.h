// A tokeniser's JSON files.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace mobileclip::hf {

/// Throws LoadError where `file` cannot be read or is not JSON.
nlohmann::json parse_json_file(const std::filesystem::path& file);

}  // namespace mobileclip::hf
