// What CLIPModel (transformers, models/clip) calls the tensors that OpenCLIP's CLIP class has.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mobileclip {

enum class NameChange {
  kRename,
  kTranspose,  ///< a torch.nn.Linear's weight, where OpenCLIP has a parameter used as x @ W
  kJoin,       ///< one of several tensors that lie below each other in OpenCLIP's
};

struct OpenClipName {
  std::string name;
  NameChange change;
  std::size_t part = 0;  ///< which of those to be joined
};

/// Nothing for names that no CLIPModel has.
std::optional<OpenClipName> open_clip_name(std::string_view hugging_face);

/// Buffers that old files hold: 0, 1, 2, …
bool is_position_ids(std::string_view name);

}  // namespace mobileclip
