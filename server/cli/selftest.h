// Does this binary, on this machine, with this model, give the numbers it should?
#pragma once

#include <filesystem>
#include <iosfwd>

#include "engine/base/progress.h"
#include "engine/kernels/kernels.h"
#include "server/cli/check_report.h"

namespace mobileclip::server {

/// Loads the model, of whatever family, and checks its tokens, its embeddings against what is known of them, and that
/// they depend on nothing but their input. Prints one line a check to `out`: "ok", "FAIL" with expected and found, or
/// "skip" with the reason where a check does not apply to the model. `kernels` is one of kernels::available().
SelfTestResult self_test(const std::filesystem::path& directory, const kernels::Kernels& kernels, std::ostream& out,
                         const Progress& progress = {});

}  // namespace mobileclip::server
