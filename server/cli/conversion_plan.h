// What an entry of `convert --config` asks for, held against what its source is.
#pragma once

#include <cstdint>
#include <string>

#include "engine/models/conversion_outline.h"
#include "server/cli/conversion_config.h"

namespace mobileclip::server {

struct ConversionPlan {
  WeightsForm form;
  std::uint64_t bytes;  ///< of the weights files, exactly
  std::string summary;  ///< "models/S0 (MobileCLIP2-S0, split) as F16, weights of 149,653,216 bytes"
};

/// Reads configurations and headers, no values. Throws LoadError for a source that cannot be used, that has another
/// task or that cannot take the form, and where no form fits the target size.
ConversionPlan plan_conversion(const ConversionEntry& entry);

}  // namespace mobileclip::server
