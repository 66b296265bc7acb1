#include "engine/models/vocabulary_copy.h"

#include <string>

#include "engine/models/directory_layout.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

/// What a file of any name becomes, by its form.
std::string_view name_by_form(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name.ends_with(".gz")) return "bpe_simple_vocab_16e6.txt.gz";
  if (name.ends_with(".txt")) return "bpe_simple_vocab_16e6.txt";
  return "tokenizer.json";
}

}  // namespace

bool copy_vocabulary(const fs::path& source, const fs::path& directory) {
  bool copied = false;
  const auto copy_if_there = [&](const fs::path& file, std::string_view name) {
    if (!fs::is_regular_file(file)) return;
    fs::copy_file(file, directory / name);
    copied = true;
  };
  if (fs::is_directory(source)) {
    for (const std::string_view name : vocabulary_files()) copy_if_there(source / name, name);
  } else if (source.filename() == "vocab.json" || source.filename() == "merges.txt") {
    for (const char* const name : {"vocab.json", "merges.txt"}) copy_if_there(source.parent_path() / name, name);
  } else {
    copy_if_there(source, name_by_form(source));
  }
  return copied;
}

}  // namespace mobileclip
