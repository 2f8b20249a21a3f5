// SPDX-License-Identifier: Apache-2.0
// Arm's and RISC-V's semihosting: a trap that the emulator or the debug probe
// answers.  Without either it stops the core.
#ifndef FOVEA_PORT_SEMIHOSTING_H_
#define FOVEA_PORT_SEMIHOSTING_H_

#include <stdint.h>

namespace fovea::port {

enum class Semihosting : uintptr_t {
  kOpen = 0x01,
  kClose = 0x02,
  kWrite0 = 0x04,
  kWrite = 0x05,
  kRead = 0x06,
  kSeek = 0x0a,
  kFileLength = 0x0c,
  kClock = 0x10,  // hundredths of a second
  kGetCommandLine = 0x15,
  kExitExtended = 0x20,
};

// `argument` points to a text or to a block of machine words, as the operation
// wants.
inline intptr_t Call(Semihosting operation, const void* argument) {
#if defined(__aarch64__)
  register uintptr_t code __asm__("x0") = static_cast<uintptr_t>(operation);
  register const void* block __asm__("x1") = argument;
  __asm__ volatile("hlt #0xf000" : "+r"(code) : "r"(block) : "memory");
#elif defined(__arm__)
  register uintptr_t code __asm__("r0") = static_cast<uintptr_t>(operation);
  register const void* block __asm__("r1") = argument;
  __asm__ volatile("bkpt #0xab" : "+r"(code) : "r"(block) : "memory");
#elif defined(__riscv)
  register uintptr_t code __asm__("a0") = static_cast<uintptr_t>(operation);
  register const void* block __asm__("a1") = argument;
  // These three instructions, uncompressed and in one page, mark the call.
  __asm__ volatile(
      ".option push\n"
      ".balign 16\n"  // may still pad by two bytes
      ".option norvc\n"
      "slli x0, x0, 0x1f\n"
      "ebreak\n"
      "srai x0, x0, 7\n"
      ".option pop\n"
      : "+r"(code)
      : "r"(block)
      : "memory");
#else
#error "no semihosting on this architecture"
#endif
  return static_cast<intptr_t>(code);
}

inline void SemihostingWrite(const char* text) {
  Call(Semihosting::kWrite0, text);
}

// The program's name and arguments with spaces between, ended by a zero.
// Returns whether it fits into `bytes`.
inline bool SemihostingCommandLine(char* to, uintptr_t bytes) {
  const uintptr_t block[2] = {reinterpret_cast<uintptr_t>(to), bytes};
  return Call(Semihosting::kGetCommandLine, block) == 0;
}

[[noreturn]] inline void SemihostingExit(int status) {
  constexpr uintptr_t kApplicationExit = 0x20026;
  const uintptr_t block[2] = {kApplicationExit, static_cast<uintptr_t>(status)};
  Call(Semihosting::kExitExtended, block);
  for (;;) {
  }
}

}  // namespace fovea::port

#endif  // FOVEA_PORT_SEMIHOSTING_H_
