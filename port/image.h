// SPDX-License-Identifier: Apache-2.0
// What every start-up does once a stack stands: variables get their values,
// constructors run, then main.  The symbols are those of boards/sections.ld.
#ifndef FOVEA_PORT_IMAGE_H_
#define FOVEA_PORT_IMAGE_H_

#include <stdint.h>

#include "port/port.h"

extern "C" {
extern uint32_t fovea_data_begin[], fovea_data_end[];
extern const uint32_t fovea_data_load[];
extern uint32_t fovea_bss_begin[], fovea_bss_end[];
using FoveaConstructor = void (*)();
extern const FoveaConstructor __preinit_array_start[], __preinit_array_end[];
extern const FoveaConstructor __init_array_start[], __init_array_end[];
int main(int argc, char** argv);
}

namespace fovea::port {

// Volatile: else the compiler makes memcpy and memset of the loops, which a
// firmware need not have.
inline void FillMemory() {
  const uint32_t* from = fovea_data_load;
  for (volatile uint32_t* to = fovea_data_begin; to != fovea_data_end; ++to) {
    *to = *from++;
  }
  for (volatile uint32_t* to = fovea_bss_begin; to != fovea_bss_end; ++to) {
    *to = 0;
  }
}

[[noreturn]] inline void RunImage() {
  FillMemory();
  for (auto f = __preinit_array_start; f != __preinit_array_end; ++f) (*f)();
  for (auto f = __init_array_start; f != __init_array_end; ++f) (*f)();
  char name[] = "image";
  char* arguments[] = {name, nullptr};
  Exit(main(1, arguments));
}

}  // namespace fovea::port

#endif  // FOVEA_PORT_IMAGE_H_
