// Which files of a model directory hold what, for every layout we take; and their tensors by tower.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/models/quantization_config.h"
#include "engine/weights/tensor_store.h"

namespace mobileclip {

inline constexpr std::string_view kImageWeightsStem = "image_encoder_weights";
inline constexpr std::string_view kTextWeightsStem = "text_encoder_weights";
inline constexpr std::string_view kImageConfigFile = "image_encoder_config.json";
inline constexpr std::string_view kTextConfigFile = "text_encoder_config.json";
inline constexpr std::string_view kOpenClipWeightsFile = "open_clip_model.safetensors";
inline constexpr std::string_view kOpenClipConfigFile = "open_clip_config.json";
inline constexpr std::string_view kMlxConfigFile = "config.json";  ///< where MLX says what is quantised
inline constexpr std::string_view kImagePrefix = "visual.";        ///< OpenCLIP's
inline constexpr std::string_view kTextPrefix = "text.";           ///< of its CustomTextCLIP; its CLIP class has none
inline constexpr std::string_view kLogitScaleName = "logit_scale";
inline constexpr std::string_view kSyntheticKey = "synthetic";  ///< of safetensors metadata: "seed 1"

/// Names of vocabulary files that ClipTokenizer::load finds in a directory.
std::span<const std::string_view> vocabulary_files();

/// Whose names the tensors have, and which files say what they are.
enum class NamedBy {
  kTowers,       ///< the split layout: a file a tower
  kOpenClip,     ///< one file, "visual." before the image tower's names
  kHuggingFace,  ///< transformers' CLIPModel: one file, or shards (hugging_face_clip.h)
};

/// Where the weights of `directory` lie.
struct DirectoryLayout {
  std::filesystem::path directory;
  NamedBy named_by = NamedBy::kTowers;
  std::filesystem::path image_file;
  std::filesystem::path text_file;  ///< equals image_file but in the split layout

  [[nodiscard]] std::string name() const;  ///< "split", "split npz", "OpenCLIP", "Hugging Face"
};

/// Safetensors before npz; split, then OpenCLIP, then Hugging Face. Throws LoadError naming every candidate where there
/// is none.
DirectoryLayout find_layout(const std::filesystem::path& directory);

/// A tower's tensors by their names without the tower's prefix; they live as long as the store.
using StoredTower = std::map<std::string, const StoredTensor*, std::less<>>;

/// The towers of a file that holds both, in OpenCLIP's names.
struct StoredTowers {
  StoredTower image;
  StoredTower text;
  StoredTower other;  ///< of neither
};
StoredTowers split_towers(const TensorStore& store);

/// The files' tensors, read. Movable: the towers point into the stores' elements, which stay where they are.
struct StoredModel {
  StoredModel() = default;
  StoredModel(StoredModel&&) = default;
  StoredModel& operator=(StoredModel&&) = default;

  TensorStore image_store;  ///< of both towers where one file holds them
  TensorStore text_store;   ///< shares image_store's backing there
  StoredTower image;
  StoredTower text;
  StoredTower other;                     ///< of neither tower: OpenCLIP's logit_scale
  QuantizationConfig quantization;       ///< of modules by their names here
  std::optional<std::string> synthetic;  ///< "seed 1", where the files' metadata say that the values were made up

  [[nodiscard]] bool damaged() const { return image_store.damaged() || text_store.damaged(); }
};

/// Throws LoadError.
StoredModel read_stored_model(const DirectoryLayout& layout);

/// A weights file of any format, by its name: .npz, .safetensors.index.json, else safetensors. Throws LoadError.
TensorStore read_weights_file(const std::filesystem::path& file);
/// Empty where the format has none.
std::map<std::string, std::string> read_weights_metadata(const std::filesystem::path& file);

}  // namespace mobileclip
