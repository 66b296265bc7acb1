// Does this binary, on this machine, with this model, give the numbers it should?
#pragma once

#include <cstddef>
#include <iosfwd>

#include "engine/base/progress.h"
#include "engine/kernels/kernels.h"
#include "engine/models/model_directory.h"

namespace mobileclip::server {

struct SelfTestResult {
  std::size_t passed = 0;
  std::size_t failed = 0;
};

/// Prints one line a check to `out`: "ok", "FAIL" with expected and found, or "skip" with the reason where a check does
/// not apply to the model. `kernels` is one of kernels::available().
SelfTestResult self_test(LoadedClipModel model, const kernels::Kernels& kernels, std::ostream& out,
                         const Progress& progress = {});

}  // namespace mobileclip::server
