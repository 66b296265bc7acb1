// A tower's stored tensors against the table that says what there must be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/progress.h"
#include "engine/models/directory_layout.h"
#include "engine/models/quantization_config.h"
#include "engine/models/tensor_table.h"
#include "engine/models/tower_weights.h"

namespace mobileclip {

/// How convolution weights are laid out: PyTorch's (out, in/groups, height, width) or MLX's (out, height, width,
/// in/groups).
enum class ConvLayout { kOihw, kOhwi };
std::string_view to_string(ConvLayout layout);  ///< "OIHW", "OHWI"
std::string_view to_string(ImageForm form);     ///< "fused", "train"

/// An MCi tower's depthwise stem.1 tells: (64, 1, 3, 3) or (64, 3, 3, 1); a ViT's first convolution, of 3 channels.
/// kOihw where they are missing.
ConvLayout detect_conv_layout(const StoredTower& image);
/// kFused where any tensor belongs to a `reparam_conv`; means nothing of a ViT.
ImageForm detect_image_form(const StoredTower& image);

/// What a stored tower has amiss. Each entry names a tensor with the expected or the found shape, or both.
struct TowerMismatch {
  std::vector<std::string> missing;
  std::vector<std::string> misshapen;
  std::vector<std::string> unused;

  [[nodiscard]] std::size_t size() const { return missing.size() + misshapen.size() + unused.size(); }
  /// "2 tensors missing: 'trunk.a' [64], …; 1 unused: …": the first few of each and how many in all. Empty where size()
  /// is 0.
  [[nodiscard]] std::string describe() const;
};

/// Batch counters (is_batch_counter) are neither missed nor unused. In kOhwi layer scales may have any shape of as many
/// elements. A matrix may be a quantised module's (quantized_module.h), as the configuration says.
TowerMismatch compare(const StoredTower& stored, const TensorTable& table, ConvLayout layout,
                      const QuantizationConfig& quantization = {});

/// Every tensor of the table in the table's shape: float32, or quantised as it is stored. compare() found nothing
/// amiss. Progress counts tensors. Throws LoadError for NaN or infinity and for integer types.
TowerWeights read_tower(const TensorStore& store, const StoredTower& stored, const TensorTable& table,
                        ConvLayout layout, const QuantizationConfig& quantization, std::string_view what,
                        const Progress& progress = {});

/// The known model whose tables the stored towers fit best; the first where several do.
const ModelConfig& find_closest_model(const StoredTower& image, const StoredTower& text,
                                      const QuantizationConfig& quantization = {});

}  // namespace mobileclip
