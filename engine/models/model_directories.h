// Which directories hold models, where a path may be one or a collection of them.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

namespace mobileclip {

/// Whether `directory` holds what some family's models lie in: weights, or the list of modules that says where they
/// are.
bool holds_model(const std::filesystem::path& directory);

/// Each path that holds a model, and of one that holds none its subdirectories that do, by name; hidden ones are passed
/// over. A path without any is given back as it is, for whoever loads it to say what it lacks. Each directory once,
/// however often it is named.
std::vector<std::filesystem::path> model_directories(std::span<const std::filesystem::path> paths);

}  // namespace mobileclip
