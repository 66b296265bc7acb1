#include "engine/kernels/amx_permission.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace mobileclip::kernels {
namespace {

constexpr unsigned kTileBits = (1U << 22) | (1U << 24) | (1U << 25);  // CPUID.7.0:EDX AMX-BF16, AMX-TILE, AMX-INT8
constexpr unsigned kOsxsave = 1U << 27;                               // CPUID.1:ECX
constexpr unsigned kTileState = (1U << 17) | (1U << 18);              // XCR0 TILECFG, TILEDATA

unsigned enabled_states() {
  unsigned low = 0;
  unsigned high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

}  // namespace

bool request_amx() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & kOsxsave) == 0) return false;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & kTileBits) != kTileBits) return false;
  if ((enabled_states() & kTileState) != kTileState) return false;
  // Linux hands out the tile state's 8 KiB on demand only (Documentation/arch/x86/xstate.rst): ARCH_REQ_XCOMP_PERM for
  // XFEATURE_XTILEDATA.
  return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
}

}  // namespace mobileclip::kernels
#else
namespace mobileclip::kernels {
bool request_amx() { return false; }
}  // namespace mobileclip::kernels
#endif
