// Which tensors each tower has, in either form: names without their tower's prefix ("visual.", "text."), and shapes.
// The one place that knows them: loading checks against it, synthesis and conversion write from it.
#pragma once

#include <map>
#include <string>

#include "engine/models/config.h"
#include "engine/tensor/shape.h"

namespace mobileclip {

/// Of an MCi tower; a ViT has one form, which goes by either.
enum class ImageForm {
  kFused,  ///< one `reparam_conv` a MobileOne block, as in image_encoder_weights.safetensors
  kTrain,  ///< several branches (conv_kxk, conv_scale, identity), as OpenCLIP publishes it
};

/// Name → shape. `num_batches_tracked` scalars are not listed: see is_batch_counter.
using TensorTable = std::map<std::string, Shape, std::less<>>;

TensorTable image_tensors(const MciConfig& config, int embed_dim, ImageForm form);  ///< names begin "trunk."
/// One form; names begin "trunk." where the module is timm's. The positions are as many as `image_size` has patches.
TensorTable image_tensors(const VitConfig& config, int embed_dim, int image_size);
TensorTable image_tensors(const ModelConfig& model, ImageForm form);
TensorTable text_tensors(const TextConfig& config, int embed_dim);

/// The I64 scalar that PyTorch keeps beside every BatchNorm's running_var; present in published files, never used.
/// Expected (and written) for each "….running_var" of a table as "….num_batches_tracked".
bool is_batch_counter(std::string_view name);

}  // namespace mobileclip
