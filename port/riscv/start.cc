// SPDX-License-Identifier: Apache-2.0
// Start-up of a RISC-V core in machine mode: floating point, memory, main.
#include <stdint.h>

#include "port/image.h"
#include "port/port.h"

extern "C" {
[[noreturn]] void FoveaStart();
[[noreturn]] void FoveaFault();
}

// The first instructions: other cores sleep; a stack, and where traps go.
__asm__(
    ".pushsection .start, \"ax\"\n"
    ".global FoveaReset\n"
    "FoveaReset:\n"
    "csrr t0, mhartid\n"
    "bnez t0, 1f\n"
    ".option push\n"
    ".option norelax\n"
    "la gp, __global_pointer$\n"
    ".option pop\n"
    "la sp, fovea_stack_top\n"
    "la t0, fovea_trap\n"
    "csrw mtvec, t0\n"
    "j FoveaStart\n"
    "1: wfi\n"
    "j 1b\n"
    ".balign 4\n"
    "fovea_trap:\n"
    "j FoveaFault\n"
    ".popsection\n");

extern "C" {
[[noreturn, gnu::noinline]] static void RunFoveaImage() {
  fovea::port::RunImage();
}

[[gnu::used]] void FoveaStart() {
#ifdef __riscv_flen
  // mstatus: floating point on (FS), rounding to nearest even.
  __asm__ volatile(
      "csrs mstatus, %0\n"
      "csrw fcsr, zero" ::"r"(1u << 13)
      : "memory");
#endif
  RunFoveaImage();
}

[[gnu::used]] void FoveaFault() { fovea::port::Trap("an exception"); }
}
