// A vocabulary that needs no file from anybody: for the demo model, whose embeddings mean nothing.
#pragma once

#include <string>

namespace mobileclip {

/// A tokenizer.json with CLIP's first 512 symbols, the bytes, under CLIP's ids 0 to 511, no merges, and the two special
/// tokens under CLIP's ids 49406 and 49407. A letter is a token, so 75 bytes of text without spaces fill CLIP's
/// context.
std::string demo_tokenizer_json();

}  // namespace mobileclip
