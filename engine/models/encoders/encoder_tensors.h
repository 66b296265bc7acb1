// Which tensors an encoder-only text model has, by the names of the bare model (BertModel, DistilBertModel, …).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/models/encoders/encoder_config.h"
#include "engine/models/tensor_table.h"

namespace mobileclip {

TensorTable encoder_tensors(const EncoderConfig& config);

/// The bare model's name for a checkpoint's tensor: without the prefix of whoever saved it ("bert.", "model."), and
/// with "weight" and "bias" for old files' "gamma" and "beta". Nothing for the tensors of heads, poolers
/// and position ids, which published files have and no embedding needs.
std::optional<std::string> bare_encoder_name(std::string_view name);

}  // namespace mobileclip
