// SPDX-License-Identifier: Apache-2.0
// Integer attention as a firmware has it: without a floating-point operation,
// and with the committed bits.
#include <stdint.h>

#include "../integer_hashes.h"
#include "fovea/self_test_integer.h"
#include "port/port.h"

namespace {

// One after the other in the same memory.
union Memory {
  Memory() {}
  fovea::SelfTestIntegerMemory self_test;
  fovea::integer_streams::SmallProblems problems;
};
Memory memory;

}  // namespace

int main() {
  bool good = true;
  if (const char* failed = fovea::SelfTestInteger(memory.self_test)) {
    fovea::port::WriteText(failed);
    fovea::port::WriteText(": the self test\n");
    good = false;
  }
  fovea::integer_streams::CompareSmall(
      memory.problems, [&](const char* name, uint64_t got, uint64_t committed) {
        if (got == committed) return;
        fovea::port::WriteText(name);
        fovea::port::WriteText(": not the committed bits\n");
        good = false;
      });
  if (!good) fovea::port::Trap("integer attention differs");
  fovea::port::WriteText("hashes: integer 9 9\n");
  return 0;
}
