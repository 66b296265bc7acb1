#include "engine/runtime/workers.h"

#include "engine/base/error.h"
#include "engine/kernels/dispatch.h"
#include "engine/runtime/cpu_budget.h"

namespace mobileclip {
namespace {

const kernels::Kernels& choose_kernels(const std::string& isa) {
  if (const kernels::Kernels* found = kernels::find(isa)) return *found;
  std::string known = "auto";
  for (const kernels::Kernels* table : kernels::available()) known += std::string(", ") + table->isa;
  throw LoadError("isa '" + isa + "' is not one that this CPU has; expected one of: " + known);
}

}  // namespace

Workers::Workers(int threads, const std::string& isa)
    : kernels_(choose_kernels(isa)), computing_(threads > 0 ? threads : available_threads()), tokenizing_(1) {}

int Workers::stuck(std::chrono::nanoseconds limit) const noexcept {
  return limit.count() == 0 ? 0 : computing_.stuck(limit) + tokenizing_.stuck(limit);
}

}  // namespace mobileclip
