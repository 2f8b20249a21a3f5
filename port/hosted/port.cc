// SPDX-License-Identifier: Apache-2.0
// Programs of an operating system, or of a WebAssembly engine.
#include "port/port.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#elif !defined(__aarch64__)
#include <chrono>
#endif

namespace fovea::port {

void StartCycleCount() {}

// Linux on Arm and RISC-V keeps the cycle counter for itself: the clock that
// user programs may read there has its own rate.
#if defined(__x86_64__) || defined(__i386__)
uint64_t CycleCount() { return __rdtsc(); }
const char* CycleCountUnit() { return "ticks"; }
#elif defined(__aarch64__)
uint64_t CycleCount() {
  uint64_t count;
  __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(count)::"memory");
  return count;
}
const char* CycleCountUnit() { return "ticks"; }
#else
uint64_t CycleCount() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}
const char* CycleCountUnit() { return "ns"; }
#endif

unsigned CycleCountBits() { return 64; }

void WriteText(const char* text) {
  fputs(text, stdout);
  fflush(stdout);
}

void Exit(int status) { exit(status); }

}  // namespace fovea::port
