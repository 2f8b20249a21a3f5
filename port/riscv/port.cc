// SPDX-License-Identifier: Apache-2.0
// RISC-V in machine mode: mcycle.
#include "port/port.h"

#include <stdint.h>

#include "port/semihosting.h"

namespace fovea::port {

void StartCycleCount() {
  // mcountinhibit, where it exists, may hold the counter still.
  __asm__ volatile("csrci 0x320, 1");
}

#if __riscv_xlen == 32
uint64_t CycleCount() {
  uint32_t high, low, again;
  // The halves belong together when the upper one has not moved.
  do {
    __asm__ volatile("csrr %0, mcycleh\n csrr %1, mcycle\n csrr %2, mcycleh"
                     : "=r"(high), "=r"(low), "=r"(again)::"memory");
  } while (high != again);
  return uint64_t{high} << 32 | low;
}
#else
uint64_t CycleCount() {
  uint64_t count;
  __asm__ volatile("csrr %0, mcycle" : "=r"(count)::"memory");
  return count;
}
#endif

const char* CycleCountUnit() { return "cycles"; }

unsigned CycleCountBits() { return 64; }

void WriteText(const char* text) { SemihostingWrite(text); }

void Exit(int status) { SemihostingExit(status); }

}  // namespace fovea::port
