// Files as parts of the binary: the assembler puts their bytes between two symbols. A source that embeds files names
// them in its OBJECT_DEPENDS (CMake), so that it is compiled again when they change.
#pragma once

#include <string_view>

/// At global scope. `path` is a string literal, `symbol` a name of its own in the whole program.
///
/// Hidden, so that the compiler addresses the symbols themselves and not by way of the global offset table: for arm64,
/// GNU as makes local symbols there into their section's beginning, and every file would be empty.
#define MOBILECLIP_EMBED(symbol, path)                                  \
  asm(".pushsection .rodata\n" #symbol                                  \
      "_begin:\n"                                                       \
      ".incbin \"" path "\"\n" #symbol                                  \
      "_end:\n"                                                         \
      ".popsection\n");                                                 \
  extern "C" [[gnu::visibility("hidden")]] const char symbol##_begin[]; \
  extern "C" [[gnu::visibility("hidden")]] const char symbol##_end[]

/// The bytes, for as long as the process lives.
#define MOBILECLIP_EMBEDDED(symbol) std::string_view(symbol##_begin, symbol##_end)
