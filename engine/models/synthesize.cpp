#include "engine/models/synthesize.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/directory_layout.h"
#include "engine/models/model_config_writer.h"
#include "engine/models/model_writer.h"
#include "engine/models/output_directory.h"
#include "engine/models/vocabulary_copy.h"
#include "engine/tokenizer/clip_tokenizer.h"
#include "engine/tokenizer/demo_vocabulary.h"
#include "engine/weights/safetensors.h"
#include "engine/weights/synthetic.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using Metadata = std::map<std::string, std::string>;

std::vector<TensorToWrite> synthetic_tensors(const TensorTable& table, std::string_view prefix,
                                             const SynthesizeOptions& options) {
  const auto fill = [seed = options.seed](std::string_view name, const Shape& shape, std::span<float> out) {
    fill_synthetic(name, shape, seed, out);
  };
  return tensors_to_write(table, prefix, options.dtype, fill);
}

float synthetic_logit_scale(std::uint64_t seed) {
  float value = 0;
  fill_synthetic("logit_scale", {}, seed, {&value, 1});
  return value;
}

void write_split(const ModelConfig& model, const fs::path& directory, const SynthesizeOptions& options,
                 const Metadata& metadata, const Progress& progress) {
  const TensorTable image = image_tensors(model, ImageForm::kFused);
  const TensorTable text = text_tensors(model.text, model.embed_dim);
  const std::string extension = ".safetensors";
  write_safetensors(directory / (std::string(kImageWeightsStem) + extension), synthetic_tensors(image, "", options),
                    metadata, progress);
  write_safetensors(directory / (std::string(kTextWeightsStem) + extension), synthetic_tensors(text, "", options),
                    metadata, progress);
  write_split_configs(
      directory, model,
      {.logit_scale = synthetic_logit_scale(options.seed), .synthetic = metadata.at(std::string(kSyntheticKey))});
}

void write_open_clip(const ModelConfig& model, const fs::path& directory, const SynthesizeOptions& options,
                     const Metadata& metadata, const Progress& progress) {
  std::vector<TensorToWrite> tensors =
      synthetic_tensors(image_tensors(model, ImageForm::kTrain), kImagePrefix, options);
  std::vector<TensorToWrite> text =
      synthetic_tensors(text_tensors(model.text, model.embed_dim), has_custom_text(model) ? kTextPrefix : "", options);
  std::ranges::move(text, std::back_inserter(tensors));
  tensors.push_back({.name = "logit_scale",  // float32 whatever the rest is, as in OpenCLIP's own low-precision models
                     .dtype = DType::kF32,
                     .shape = {},
                     .fill = [seed = options.seed](std::span<float> out) { out[0] = synthetic_logit_scale(seed); }});
  write_safetensors(directory / kOpenClipWeightsFile, std::move(tensors), metadata, progress);
  write_open_clip_config(directory, model);
}

void write_vocabulary(const fs::path& directory, const SynthesizeOptions& options) {
  if (options.vocabulary) {
    if (!copy_vocabulary(*options.vocabulary, directory)) {
      throw LoadError(options.vocabulary->string() + ": no vocabulary found");
    }
  } else {
    std::ofstream stream(directory / "tokenizer.json", std::ios::binary);
    stream << demo_tokenizer_json();
    stream.close();
    if (!stream) throw std::system_error(errno, std::generic_category(), directory.string() + ": cannot be written");
  }
  ClipTokenizer::load(directory);  // throws for one that is damaged, before anything has the directory's name
}

}  // namespace

void synthesize_model(const ModelConfig& model, const fs::path& directory, const SynthesizeOptions& options,
                      const Progress& progress) {
  OutputDirectory output(directory);
  write_vocabulary(output.staging(), options);
  const Metadata metadata{{"format", "pt"}, {std::string(kSyntheticKey), "seed " + std::to_string(options.seed)}};
  if (options.form == DirectoryForm::kSplit) {
    write_split(model, output.staging(), options, metadata, progress);
  } else {
    write_open_clip(model, output.staging(), options, metadata, progress);
  }
  output.commit();
}

}  // namespace mobileclip
