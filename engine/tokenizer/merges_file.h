// merges.txt: which symbols of a byte-pair vocabulary merge, a pair a line, the best first.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

#include "engine/tokenizer/vocabulary_json.h"

namespace mobileclip {

/// Lines without their ends; empty ones at the end of the text are left out.
std::vector<std::string_view> lines_of(std::string_view text);

/// Line `number` of `file`, from 1: "left right". Throws LoadError, which names both.
SymbolPair parse_merge_line(const std::filesystem::path& file, std::size_t number, std::string_view line);

/// All of a file, whose first line may be a header, "#version: 0.2". Throws LoadError.
std::vector<SymbolPair> parse_merges(const std::filesystem::path& file, std::string_view text);

}  // namespace mobileclip
