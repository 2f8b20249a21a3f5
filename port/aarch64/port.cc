// SPDX-License-Identifier: Apache-2.0
// 64-bit Arm without an operating system: the cycle counter of the PMU.
#include "port/port.h"

#include <stdint.h>

#include "port/semihosting.h"

namespace fovea::port {

void StartCycleCount() {
  constexpr uint64_t kEnable = 1, kSixtyFourBits = 1u << 6;
  constexpr uint64_t kCycleCounter = uint64_t{1} << 31;
  uint64_t control;
  __asm__ volatile("mrs %0, pmcr_el0" : "=r"(control));
  control |= kEnable | kSixtyFourBits;
  __asm__ volatile(
      "msr pmcr_el0, %0\n"
      "msr pmccfiltr_el0, xzr\n"
      "msr pmcntenset_el0, %1\n"
      "isb" ::"r"(control),
      "r"(kCycleCounter));
}

uint64_t CycleCount() {
  uint64_t count;
  __asm__ volatile("isb\n mrs %0, pmccntr_el0" : "=r"(count)::"memory");
  return count;
}

const char* CycleCountUnit() { return "cycles"; }

unsigned CycleCountBits() { return 64; }

void WriteText(const char* text) { SemihostingWrite(text); }

void Exit(int status) { SemihostingExit(status); }

}  // namespace fovea::port
