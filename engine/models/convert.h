// Any model directory we read → one with the same model in another form. A CLIP model becomes the split layout, image
// tower fused, OIHW; a text encoder keeps its layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/base/progress.h"
#include "engine/models/weights_form.h"

namespace mobileclip {

/// What was converted, for the caller to report.
struct ConvertReport {
  std::string model;             ///< "MobileCLIP2-S0", "bert"
  std::string source_layout;     ///< as RunnableModel's
  std::size_t modules = 0;       ///< quantised
  std::size_t tensors = 0;       ///< written and, read back, compared
  std::uint64_t bytes = 0;       ///< of the weights files
  std::uint64_t full_bytes = 0;  ///< what their tensors would take as float32
  std::string fingerprint;       ///< of what was written, as read back; a CLIP model's equals the source's for kF32
  bool has_vocabulary = false;   ///< the source had one, which was copied; a text encoder must have one
};

/// Reads `source`, writes `target` (see OutputDirectory), reads it back and compares every value with the source's: bit
/// for bit for kF32, to the nearest value of the narrower type else; of quantised matrices every word. Of a CLIP model
/// the text tower is quantised; the image tower stays in full, since an MCi tower's linear layers take part in the
/// folding at load. Everything else that serving needs comes along. Progress counts bytes. Throws LoadError for a
/// source that cannot be used, a form that it cannot take or a result that differs, std::system_error where writing
/// fails; then `target` is as before.
ConvertReport convert_model(const std::filesystem::path& source, const std::filesystem::path& target,
                            const WeightsForm& form, const Progress& progress = {});

}  // namespace mobileclip
