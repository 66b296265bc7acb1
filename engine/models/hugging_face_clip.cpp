#include "engine/models/hugging_face_clip.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/weights/memory_backing.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

enum class Change {
  kRename,
  kTranspose,  ///< a torch.nn.Linear's weight, where OpenCLIP has a parameter used as x @ W
  kJoin,       ///< one of several tensors that lie below each other in OpenCLIP's
};

struct Mapping {
  std::string_view hugging_face;
  std::string_view open_clip;
  Change change = Change::kRename;
};

/// Whole names, and prefixes that end in ".".
constexpr std::array kModel{
    Mapping{"logit_scale", "logit_scale"},
    Mapping{"vision_model.embeddings.class_embedding", "visual.class_embedding"},
    Mapping{"vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"},
    Mapping{"vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight"},
    Mapping{"vision_model.pre_layrnorm.", "visual.ln_pre."},  // so spelt
    Mapping{"vision_model.post_layernorm.", "visual.ln_post."},
    Mapping{"visual_projection.weight", "visual.proj", Change::kTranspose},
    Mapping{"text_model.embeddings.token_embedding.weight", "token_embedding.weight"},
    Mapping{"text_model.embeddings.position_embedding.weight", "positional_embedding"},
    Mapping{"text_model.final_layer_norm.", "ln_final."},
    Mapping{"text_projection.weight", "text_projection", Change::kTranspose},
};

/// Where the layers are, each "<prefix><number>.".
constexpr std::array kLayers{
    Mapping{"vision_model.encoder.layers.", "visual.transformer.resblocks."},
    Mapping{"text_model.encoder.layers.", "transformer.resblocks."},
};

/// Of a layer. What is joined is so in the order of this table.
constexpr std::array kLayer{
    Mapping{"layer_norm1.", "ln_1."},
    Mapping{"self_attn.q_proj.weight", "attn.in_proj_weight", Change::kJoin},
    Mapping{"self_attn.k_proj.weight", "attn.in_proj_weight", Change::kJoin},
    Mapping{"self_attn.v_proj.weight", "attn.in_proj_weight", Change::kJoin},
    Mapping{"self_attn.q_proj.bias", "attn.in_proj_bias", Change::kJoin},
    Mapping{"self_attn.k_proj.bias", "attn.in_proj_bias", Change::kJoin},
    Mapping{"self_attn.v_proj.bias", "attn.in_proj_bias", Change::kJoin},
    Mapping{"self_attn.out_proj.", "attn.out_proj."},
    Mapping{"layer_norm2.", "ln_2."},
    Mapping{"mlp.fc1.", "mlp.c_fc."},
    Mapping{"mlp.fc2.", "mlp.c_proj."},
};

/// Buffers that old files hold: 0, 1, 2, …
bool is_position_ids(std::string_view name) { return name.ends_with(".embeddings.position_ids"); }

struct NewName {
  std::string name;
  Change change;
  std::size_t part = 0;  ///< which of those to be joined
};

template <std::size_t N>
std::optional<NewName> mapped(const std::array<Mapping, N>& table, std::string_view name) {
  for (const Mapping& row : table) {
    const bool is_prefix = row.hugging_face.ends_with('.');
    if (is_prefix ? !name.starts_with(row.hugging_face) : name != row.hugging_face) continue;
    const std::string_view rest = is_prefix ? name.substr(row.hugging_face.size()) : "";
    NewName result{.name = std::string(row.open_clip).append(rest), .change = row.change};
    for (const Mapping* before = table.data(); before != &row; ++before) {
      if (row.change == Change::kJoin && before->open_clip == row.open_clip) ++result.part;
    }
    return result;
  }
  return std::nullopt;
}

std::optional<NewName> new_name(std::string_view name) {
  for (const Mapping& layers : kLayers) {
    if (!name.starts_with(layers.hugging_face)) continue;
    const std::string_view rest = name.substr(layers.hugging_face.size());
    const std::size_t dot = std::min(rest.find('.'), rest.size() - 1) + 1;  // behind the number
    std::optional<NewName> result = mapped(kLayer, rest.substr(dot));
    if (result) result->name = std::string(layers.open_clip).append(rest.substr(0, dot)) + result->name;
    return result;
  }
  return mapped(kModel, name);
}

StoredTensor transposed(StoredTensor tensor, MemoryBacking& memory) {
  if (tensor.shape.size() != 2) return tensor;  // to be found misshapen
  const std::size_t size = size_in_bytes(tensor.dtype);
  const auto rows = static_cast<std::size_t>(tensor.shape[0]);
  const auto columns = static_cast<std::size_t>(tensor.shape[1]);
  const std::span<std::byte> to = memory.allocate(tensor.bytes.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      std::copy_n(tensor.bytes.data() + (r * columns + c) * size, size, to.data() + (c * rows + r) * size);
    }
  }
  std::swap(tensor.shape[0], tensor.shape[1]);
  tensor.bytes = to;
  return tensor;
}

using Parts = std::array<const StoredTensor*, 3>;

StoredTensor joined(const std::string& name, const Parts& parts, MemoryBacking& memory) {
  const StoredTensor& any = **std::ranges::find_if(parts, [](const StoredTensor* part) { return part != nullptr; });
  for (const StoredTensor* part : parts) {
    if (part && part->dtype == any.dtype && part->shape == any.shape && !part->shape.empty()) continue;
    throw LoadError(any.file + ": expected query, key and value projections of one type and shape for " +
                    printable(name) + ", found " + (part ? printable(part->name) + " unlike " : "one missing beside ") +
                    printable(any.name));
  }
  StoredTensor tensor = any;
  tensor.name = name;
  tensor.shape[0] *= static_cast<std::int64_t>(parts.size());
  const std::span<std::byte> to = memory.allocate(any.bytes.size() * parts.size());
  auto at = to.begin();
  for (const StoredTensor* part : parts) at = std::ranges::copy(part->bytes, at).out;
  tensor.bytes = to;
  return tensor;
}

}  // namespace

TensorStore with_open_clip_names(const TensorStore& store) {
  std::vector<StoredTensor> tensors;
  const auto memory = std::make_shared<MemoryBacking>();
  std::map<std::string, Parts> to_join;
  for (const StoredTensor& tensor : store.tensors()) {
    if (is_position_ids(tensor.name)) continue;
    const std::optional<NewName> renamed = new_name(tensor.name);
    if (!renamed) {
      tensors.push_back(tensor);
    } else if (renamed->change == Change::kJoin) {
      to_join[renamed->name][renamed->part] = &tensor;
    } else {
      StoredTensor& result = tensors.emplace_back(tensor);
      result.name = renamed->name;
      if (renamed->change == Change::kTranspose) result = transposed(std::move(result), *memory);
    }
  }
  for (const auto& [name, parts] : to_join) tensors.push_back(joined(name, parts, *memory));
  TensorStore::Backings backings = store.backing();
  backings.push_back(memory);
  return {std::move(tensors), std::move(backings)};
}

}  // namespace mobileclip
