// Any model directory we read → the split layout: image tower fused, OIHW, one dtype.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "engine/base/progress.h"
#include "engine/weights/tensor_store.h"

namespace mobileclip {

struct ConvertOptions {
  DType dtype = DType::kF32;  ///< kF32, kF16 or kBF16
};

/// What was converted, for the caller to report.
struct ConvertReport {
  std::string model;          ///< "MobileCLIP2-S0"
  std::string source_layout;  ///< as LoadedClipModel's
  std::size_t tensors;        ///< written and, read back, compared
  std::string fingerprint;    ///< of what was written, as read back; equals the source's for kF32
  bool has_vocabulary;        ///< the source had one, which was copied
};

/// Reads `source`, writes `target` (see OutputDirectory), reads it back and compares every value with the source's:
/// bit for bit for kF32, to the nearest value of the narrower type else. Progress counts bytes. Throws LoadError for a
/// source that cannot be used or a result that differs, std::system_error where writing fails; then `target` is as
/// before.
ConvertReport convert_model(const std::filesystem::path& source, const std::filesystem::path& target,
                            const ConvertOptions& options, const Progress& progress = {});

}  // namespace mobileclip
