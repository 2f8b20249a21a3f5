// SPDX-License-Identifier: Apache-2.0
// A firmware that allocates: it must not link.
#include <stdlib.h>

int main() {
  volatile char* const memory = static_cast<volatile char*>(malloc(10));
  memory[0] = 1;
  return memory[0];
}
