// Reading a vocabulary's files, compressed or not.
#pragma once

#include <filesystem>
#include <string>

namespace mobileclip {

/// The whole file, decompressed where it is gzip. Throws LoadError naming it where it cannot be read, is damaged, is
/// not UTF-8 or has more than 256 MiB.
std::string read_vocabulary_file(const std::filesystem::path& file);

/// Whether `path` is a file, and not a directory, or what cannot be looked at.
bool is_file(const std::filesystem::path& path);

}  // namespace mobileclip
