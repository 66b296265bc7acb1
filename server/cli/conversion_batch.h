// `convert --config`: many models, one after the other.
#pragma once

#include <cstddef>
#include <iosfwd>

#include "engine/base/progress.h"
#include "server/cli/conversion_config.h"

namespace mobileclip::server {

struct BatchOptions {
  bool dry_run = false;  ///< say what would be done and how large it would be
  bool force = false;    ///< replace what is there
};

/// Prints a line a model to `out`, and how many there were of each kind. What cannot be made is found first, before
/// anything is written. Each of the others is written beside its place, loaded and made to embed a text, and an image
/// where it embeds those, before it takes its place whole: what was there stays until then, and whatever fails. Returns
/// how many could not be made. `progress` may throw to end the work; then the model being made leaves nothing.
std::size_t convert_all(const ConversionConfig& config, const BatchOptions& options, std::ostream& out,
                        const Progress& progress = {});

}  // namespace mobileclip::server
