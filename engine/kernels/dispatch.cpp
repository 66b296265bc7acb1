#include "engine/kernels/dispatch.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <vector>

#include "engine/kernels/amx_permission.h"
#include "engine/kernels/isa_tables.h"
#include "engine/kernels/self_check.h"

namespace mobileclip::kernels {

namespace {

/// The tables of this CPU's instruction sets, best first.
std::vector<const Kernels*> supported() {
  std::vector<const Kernels*> found;
#if defined(__x86_64__)
  __builtin_cpu_init();
  // The compiler's builtin checks the operating system's XSAVE support as well as CPUID.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    if (__builtin_cpu_supports("avx512vnni")) {
      if (__builtin_cpu_supports("avx512bf16")) {
        if (request_amx()) found.push_back(&amx_kernels());
        found.push_back(&avx512bf16_kernels());
      }
      found.push_back(&avx512vnni_kernels());
    }
    found.push_back(&avx512_kernels());
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back(&avx2_kernels());
#elif defined(__aarch64__)
  if ((getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0) {
    constexpr unsigned long kBf16AndI8mm = HWCAP2_BF16 | HWCAP2_I8MM;
    if ((getauxval(AT_HWCAP2) & kBf16AndI8mm) == kBf16AndI8mm) found.push_back(&neonbf16_kernels());
    found.push_back(&neondotprod_kernels());
  }
#endif
  return found;
}

}  // namespace

std::span<const Kernels* const> available() {
  static const std::vector<const Kernels*> tables = [] {
    std::vector<const Kernels*> found = supported();
    std::erase_if(found, [](const Kernels* table) { return !agrees(*table, portable_kernels()); });
    found.push_back(&portable_kernels());
    return found;
  }();
  return tables;
}

const Kernels* find(std::string_view isa) {
  if (isa == "auto") return available().front();
  for (const Kernels* table : available()) {
    if (isa == table->isa) return table;
  }
  return nullptr;
}

}  // namespace mobileclip::kernels
