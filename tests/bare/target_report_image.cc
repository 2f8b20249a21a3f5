// SPDX-License-Identifier: Apache-2.0
// target_report.cc, where there is no floating point for Highway.
#include "port/port.h"

int main() {
  fovea::port::WriteText("target: none 1 integer\n");
  return 0;
}
