// Immich's machine learning API (github.com/immich-app/immich, machine-learning/immich_ml).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace mobileclip::proto {

enum class ImmichTask { kVisual, kTextual };

struct ImmichEntry {
  ImmichTask task;
  std::string model;
};

/// The form field "entries": {"clip": {"visual" | "textual": {"modelName": str, "options"?: {…}}}}. kInvalidArgument
/// for other tasks (faces, text recognition), naming them.
Result<ImmichEntry> parse_immich_entries(std::string_view entries);

struct ImmichImageSize {
  int width;
  int height;
};

/// {"clip": "[0.1,…]", "imageHeight"?, "imageWidth"?}: the vector is JSON within a JSON string.
std::string immich_reply(std::span<const float> embedding, std::optional<ImmichImageSize> size);

std::string immich_error(std::string_view detail);  ///< {"detail"}

}  // namespace mobileclip::proto
