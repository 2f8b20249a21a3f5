// SPDX-License-Identifier: Apache-2.0
// What a board supplies to this project's programs: a counter, a way to write
// text, and an end.  The kernels need none of it; tests, benchmarks and the
// firmware examples do.
//
// One implementation a directory, all of them small enough to replace:
//   hosted/    Linux, Windows, macOS, WebAssembly
//   cortex_m/  M-profile, with start-up code
//   aarch64/   64-bit Arm without an operating system, with start-up code
//   riscv/     RISC-V in machine mode, with start-up code
// The last three write and end through semihosting, which QEMU and debug probes
// understand.  A board with a UART replaces WriteText and Exit; what else a
// board decides, its memory, stands in boards/<board>/board.ld.
#ifndef FOVEA_PORT_PORT_H_
#define FOVEA_PORT_PORT_H_

#include <stdint.h>

namespace fovea::port {

// Starts the counter, where it does not run by itself.  Call it once, before
// the first CycleCount.
void StartCycleCount();

// A counter that only grows, modulo 2^CycleCountBits().
uint64_t CycleCount();

// What it counts: "cycles", or "ticks" or "ns" of a clock that runs at its own
// rate.
const char* CycleCountUnit();

// 24 for SysTick, 32 for DWT, 64 elsewhere.  A span longer than one turn of the
// counter cannot be measured: at 100 MHz, 0.17 s of SysTick or 43 s of DWT.
unsigned CycleCountBits();

// From an earlier count to a later one, across at most one wrap.
inline uint64_t CyclesBetween(uint64_t from, uint64_t to) {
  const unsigned bits = CycleCountBits();
  const uint64_t mask = bits < 64 ? (uint64_t{1} << bits) - 1 : ~uint64_t{0};
  return (to - from) & mask;
}

// Writes a text that ends with a zero.
void WriteText(const char* text);

// Ends the program; 0 means success.
[[noreturn]] void Exit(int status);

// Says why, and ends the program with status 1.
[[noreturn]] inline void Trap(const char* why) {
  WriteText("trap: ");
  WriteText(why);
  WriteText("\n");
  Exit(1);
}

}  // namespace fovea::port

#endif  // FOVEA_PORT_PORT_H_
