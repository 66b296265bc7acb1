// Full-size model directories for tests of loading: made once, then varied by links to what stays the same.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/models/synthesize.h"
#include "engine/weights/safetensors.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip::testing {

/// Synthetic MobileCLIP2-S0, seed 1, float32, demo vocabulary; made at the first call, gone with the process.
const std::filesystem::path& synthetic_s0(DirectoryForm form);

/// A new directory with symbolic links to all files of `model`.
void link_model(const std::filesystem::path& model, const std::filesystem::path& directory);

/// Every tensor of a file of floats, counters and packed words, ready to be written again.
std::vector<TensorToWrite> tensors_of(const TensorStore& store);

/// Replaces the link (or file) `file` by a file of its tensors after `edit`, metadata kept.
void rewrite(const std::filesystem::path& file, const std::function<void(std::vector<TensorToWrite>&)>& edit);

/// The tensor of that name; the test fails where there is none.
TensorToWrite& named(std::vector<TensorToWrite>& tensors, std::string_view name);

/// The message of the LoadError that `load` throws, "" where it throws none.
std::string load_error_of(const std::function<void()>& load);

}  // namespace mobileclip::testing
