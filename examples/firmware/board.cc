// SPDX-License-Identifier: Apache-2.0
#include "board.h"

#include "port/port.h"

extern "C" void board_write(const char* text) { fovea::port::WriteText(text); }
