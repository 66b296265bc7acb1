// A model ready to run: towers with packed weights, a tokeniser, and what is to be said of it. Every family of models
// becomes one of these, and the runtime knows no other.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "engine/models/encoders/sentence_config.h"
#include "engine/models/image_encoder.h"
#include "engine/models/loaded_model.h"
#include "engine/models/text_encoder.h"
#include "engine/nn/precision.h"
#include "engine/preprocess/image_preprocessor.h"
#include "engine/tokenizer/tokenizer.h"

namespace mobileclip {

/// How pixels become an image tower's input.
struct ImageInput {
  PreprocessConfig preprocess;
  std::array<float, 3> mean;  ///< of values in [0, 1]
  std::array<float, 3> std;
};

struct RunnableModel {
  std::string name;  ///< "MobileCLIP2-S0"
  bool synthetic;    ///< its embeddings mean nothing
  std::string fingerprint;
  std::string source_layout;
  float logit_scale;  ///< the factor itself; 1 where the model has none
  int embed_dim;
  std::unique_ptr<const ImageEncoder> image;  ///< null: a model of texts only
  ImageInput image_input;                     ///< means something where there is an image tower
  std::unique_ptr<const TextEncoder> text;
  std::shared_ptr<const Tokenizer> tokenizer;  ///< of use without the weights, too
  PromptsConfig prompts;
  std::string pooling;            ///< how a text's tokens become one: "last_token", "cls", "mean", …
  Arithmetic arithmetic;          ///< of most of its products
  std::function<bool()> damaged;  ///< true once a file was truncated while weights were read; may be empty
};

/// Packs the weights for `arithmetic`. Throws LoadError.
RunnableModel make_runnable(LoadedModel model, TowerArithmetic arithmetic);

}  // namespace mobileclip
