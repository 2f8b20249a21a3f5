// SPDX-License-Identifier: Apache-2.0
// Start-up of a 64-bit Arm core at EL1: floating point, caches, memory, main.
//
// The memory management unit is not optional here: with it off, all memory is
// device memory, where an unaligned vector load is a fault.
#include <stdint.h>

#include "port/image.h"
#include "port/port.h"

extern "C" {
[[noreturn]] void FoveaStart();
[[noreturn]] void FoveaFault();
}

namespace {

// The first 4 GiB in blocks of 1 GiB, addresses as they are.  A real board
// replaces this table: where are its devices, where its memory?
constexpr uint64_t kBlock = 1, kAccessed = 1u << 10, kInnerShareable = 3u << 8;
constexpr uint64_t kMemory = kBlock | kAccessed | kInnerShareable | (0u << 2);
constexpr uint64_t kDevice = kBlock | kAccessed | (1u << 2);
constexpr uint64_t kGiB = uint64_t{1} << 30;
alignas(4096) const uint64_t kMemoryMap[512] = {
    0 * kGiB | kDevice,
    1 * kGiB | kMemory,
    2 * kGiB | kMemory,
    3 * kGiB | kMemory,
};

void EnableFloatingPoint() {
  // CPACR_EL1: no trap of floating point and NEON (FPEN), nor of SVE (ZEN).
  uint64_t access = (3u << 20) | (3u << 16);
  __asm__ volatile("msr cpacr_el1, %0\n isb" ::"r"(access) : "memory");
#ifdef __ARM_FEATURE_SVE
  // ZCR_EL1: vectors as long as the core has them.
  __asm__ volatile("msr s3_0_c1_c2_0, %0\n isb" ::"r"(uint64_t{15}));
#endif
}

void EnableMemoryMap() {
  constexpr uint64_t kWriteBack = 0xff, kDeviceStrict = 0x00;
  constexpr uint64_t kAttributes = kWriteBack | kDeviceStrict << 8;
  // 32 bits of address (64 - 32), write-back inner shareable tables of 4 KiB,
  // nothing in the upper half.
  constexpr uint64_t kControl =
      32 | (1u << 8) | (1u << 10) | (3u << 12) | (1u << 23);
  constexpr uint64_t kMmu = 1, kDataCache = 1u << 2, kCodeCache = 1u << 12;
  constexpr uint64_t kAlignmentCheck = 1u << 1;
  uint64_t system;
  __asm__ volatile(
      "msr mair_el1, %1\n"
      "msr tcr_el1, %2\n"
      "msr ttbr0_el1, %3\n"
      "tlbi vmalle1\n"
      "dsb sy\n"
      "isb\n"
      "mrs %0, sctlr_el1"
      : "=r"(system)
      : "r"(kAttributes), "r"(kControl), "r"(kMemoryMap)
      : "memory");
  system = (system | kMmu | kDataCache | kCodeCache) & ~kAlignmentCheck;
  __asm__ volatile("msr sctlr_el1, %0\n isb" ::"r"(system) : "memory");
}

}  // namespace

// Every exception ends the program.
__asm__(
    ".pushsection .text.fovea_vectors, \"ax\"\n"
    ".balign 2048\n"
    "fovea_vectors:\n"
    ".rept 16\n"
    ".balign 128\n"
    "b FoveaFault\n"
    ".endr\n"
    ".popsection\n");

// The first instructions: a stack, and where exceptions go.
__asm__(
    ".pushsection .start, \"ax\"\n"
    ".global FoveaReset\n"
    "FoveaReset:\n"
    "ldr x0, =fovea_stack_top\n"
    "mov sp, x0\n"
    "ldr x0, =fovea_vectors\n"
    "msr vbar_el1, x0\n"
    "b FoveaStart\n"
    ".ltorg\n"
    ".popsection\n");

extern "C" {
[[noreturn, gnu::noinline]] static void RunFoveaImage() {
  fovea::port::RunImage();
}

[[gnu::used]] void FoveaStart() {
  EnableFloatingPoint();
  EnableMemoryMap();
  RunFoveaImage();
}

[[gnu::used]] void FoveaFault() { fovea::port::Trap("an exception"); }
}
