// Whether AMX may be used: the CPU has it, the operating system saves it, and it has let this process use it.
#pragma once

namespace mobileclip::kernels {

/// Tiles, bfloat16 and int8. Asks the kernel for the process's permission, which its later threads inherit; false on
/// other CPUs and systems.
bool request_amx();

}  // namespace mobileclip::kernels
