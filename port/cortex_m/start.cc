// SPDX-License-Identifier: Apache-2.0
// Start-up of every M-profile core: vector table, floating point, memory, main.
#include <stdint.h>

#include "port/image.h"
#include "port/port.h"

extern "C" {
extern uint32_t fovea_stack_top[];
[[noreturn]] void FoveaReset();
[[noreturn]] void FoveaFault();
}

namespace {

using Handler = void (*)();

// The core's own 16 entries.  A board with interrupts goes on after them.
struct VectorTable {
  uint32_t* stack;
  Handler reset;
  Handler faults[14];
};

}  // namespace

extern "C" {
[[gnu::section(".vectors"),
  gnu::used]] extern const VectorTable fovea_vector_table = {
    fovea_stack_top,
    FoveaReset,
    {FoveaFault, FoveaFault, FoveaFault, FoveaFault, FoveaFault, FoveaFault,
     FoveaFault, FoveaFault, FoveaFault, FoveaFault, FoveaFault, FoveaFault,
     FoveaFault, FoveaFault}};

// Out of line: nothing of the floating-point unit may be touched before it is
// on, and the compiler is free to save its registers in a prologue.
[[noreturn, gnu::noinline]] static void RunFoveaImage() {
  fovea::port::RunImage();
}

void FoveaReset() {
#ifdef __ARM_FP
  // CPACR: full access to coprocessors 10 and 11, which also is Helium's.
  *reinterpret_cast<volatile uint32_t*>(0xE000ED88) |= 0xFu << 20;
  __asm__ volatile("dsb\n isb" ::: "memory");
#endif
  RunFoveaImage();
}

void FoveaFault() { fovea::port::Trap("a fault or an unexpected interrupt"); }
}
