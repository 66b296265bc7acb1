// The files of a sentence-transformers directory around its transformer: modules.json, the modules' config.json,
// sentence_bert_config.json, config_sentence_transformers.json, and of tokenizer_config.json the length.
#pragma once

#include <filesystem>

#include "engine/models/encoders/sentence_config.h"

namespace mobileclip {

/// Without modules.json: mean pooling of the transformer in `directory` itself. Throws LoadError naming file, member,
/// expected and found, also for modules that the engine does not have.
SentenceConfig read_sentence_config(const std::filesystem::path& directory);

}  // namespace mobileclip
