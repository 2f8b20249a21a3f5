// SPDX-License-Identifier: Apache-2.0
// The port's own functions, and that the start-up gave variables their values.
// Also where there is no floating point.
#include <stdint.h>

#include "port/port.h"

namespace {

volatile uint32_t initialised = 0x12345678;
volatile uint32_t zeroed[3];
volatile uint32_t constructed;

struct Constructed {
  Constructed() { constructed = initialised + 1; }
} const constructed_before_main;

const char* FirstThingWrong() {
  namespace port = fovea::port;
  if (initialised != 0x12345678) return "a variable has lost its value";
  for (const volatile uint32_t& word : zeroed) {
    if (word != 0) return "memory is not zero";
  }
  if (constructed != 0x12345679) return "a constructor has not run";
  port::StartCycleCount();
  const uint64_t start = port::CycleCount();
  for (uint32_t i = 0; i < 10000; ++i) zeroed[0] = zeroed[0] + i;
  if (port::CyclesBetween(start, port::CycleCount()) == 0) {
    return "the counter stands still";
  }
  return nullptr;
}

}  // namespace

int main() {
  if (const char* wrong = FirstThingWrong()) fovea::port::Trap(wrong);
  fovea::port::WriteText("port passed\n");
  return 0;
}
