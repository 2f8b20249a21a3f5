// SPDX-License-Identifier: Apache-2.0
// Integer attention as a firmware has it: without a floating-point operation,
// and with the committed bits.
#include <stdint.h>

#include "../integer_hashes.h"
#include "port/port.h"

namespace {

fovea::integer_streams::SmallProblems problems;

}  // namespace

int main() {
  bool good = true;
  fovea::integer_streams::CompareSmall(
      problems, [&](const char* name, uint64_t got, uint64_t committed) {
        if (got == committed) return;
        fovea::port::WriteText(name);
        fovea::port::WriteText(": not the committed bits\n");
        good = false;
      });
  if (!good) fovea::port::Trap("integer attention differs");
  fovea::port::WriteText("hashes: integer 7 7\n");
  return 0;
}
