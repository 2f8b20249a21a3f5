// SPDX-License-Identifier: Apache-2.0
// M-profile: the cycle counter of DWT where there is one, SysTick elsewhere
// (M0, M0+, M23, and QEMU's boards, which answer zero for all of DWT).
#include "port/port.h"

#include <stdint.h>

#include "port/cortex_m/cmsdk_uart.h"
#include "port/semihosting.h"

namespace fovea::port {
namespace {

volatile uint32_t& Register(uintptr_t address) {
  return *reinterpret_cast<volatile uint32_t*>(address);
}

volatile uint32_t& DwtControl() { return Register(0xE0001000); }
volatile uint32_t& DwtCycles() { return Register(0xE0001004); }
volatile uint32_t& DebugControl() { return Register(0xE000EDFC); }
volatile uint32_t& SysTickControl() { return Register(0xE000E010); }
volatile uint32_t& SysTickReload() { return Register(0xE000E014); }
volatile uint32_t& SysTickValue() { return Register(0xE000E018); }

constexpr uint32_t kTraceEnable = 1u << 24;
constexpr uint32_t kCountCycles = 1;
constexpr uint32_t kTicking = 1, kFromCore = 4;
constexpr uint32_t kSysTickMax = 0xFFFFFF;

// The bit reads back as written only where there is a counter behind it.
bool HasDwt() { return (DwtControl() & kCountCycles) != 0; }

}  // namespace

void StartCycleCount() {
  DebugControl() |= kTraceEnable;
  DwtControl() |= kCountCycles;
  if (HasDwt() || (SysTickControl() & kTicking) != 0) return;
  SysTickReload() = kSysTickMax;
  SysTickValue() = 0;
  SysTickControl() = kTicking | kFromCore;
  // Its first tick loads it: at once, but some microseconds later in QEMU.
  for (int i = 0; i < 1000000 && SysTickValue() == 0; ++i) {
  }
}

uint64_t CycleCount() {
  return HasDwt() ? DwtCycles() : kSysTickMax - (SysTickValue() & kSysTickMax);
}

const char* CycleCountUnit() { return "cycles"; }

unsigned CycleCountBits() { return HasDwt() ? 32 : 24; }

void WriteText(const char* text) {
#ifdef FOVEA_UART
  UartWrite(FOVEA_UART, FOVEA_CPU_MHZ * 1000000 / 115200, text);
#else
  SemihostingWrite(text);
#endif
}

void Exit(int status) { SemihostingExit(status); }

}  // namespace fovea::port
