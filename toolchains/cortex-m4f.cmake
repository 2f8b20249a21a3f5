# SPDX-License-Identifier: Apache-2.0
# Cortex-M4 with its floating-point unit, on QEMU's mps2-an386.
set(fovea_mcpu cortex-m4)
set(fovea_float hard)
set(fovea_board mps2-an386)
set(fovea_mhz 25)
set(FOVEA_BOARD_UART 0x40004000) # for a test of FOVEA_UART
include("${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake")
