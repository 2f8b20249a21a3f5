// SPDX-License-Identifier: Apache-2.0
// The UART of Arm's Cortex-M System Design Kit (DDI 0479), which the MPS2
// boards have: enough to send text.  A board with another one replaces this
// file.
#ifndef FOVEA_PORT_CORTEX_M_CMSDK_UART_H_
#define FOVEA_PORT_CORTEX_M_CMSDK_UART_H_

#include <stdint.h>

namespace fovea::port {

struct CmsdkUart {
  volatile uint32_t data;
  volatile uint32_t state;
  volatile uint32_t control;
  volatile uint32_t interrupts;
  volatile uint32_t divider;  // of the peripheral clock, 16 at least
};

constexpr uint32_t kUartFull = 1;      // of state: a byte waits to be sent
constexpr uint32_t kUartTransmit = 1;  // of control

// Waits for the line.  `clocks_a_bit` is what the divider becomes.
inline void UartWrite(uintptr_t address, uint32_t clocks_a_bit,
                      const char* text) {
  CmsdkUart& uart = *reinterpret_cast<CmsdkUart*>(address);
  uart.divider = clocks_a_bit;
  uart.control = kUartTransmit;
  for (; *text != '\0'; ++text) {
    while ((uart.state & kUartFull) != 0) {
    }
    uart.data = static_cast<unsigned char>(*text);
  }
}

}  // namespace fovea::port

#endif  // FOVEA_PORT_CORTEX_M_CMSDK_UART_H_
