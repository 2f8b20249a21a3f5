# SPDX-License-Identifier: Apache-2.0
# Cortex-M7, on QEMU's mps2-an500.
set(fovea_mcpu cortex-m7)
set(fovea_float hard)
set(fovea_board mps2-an500)
set(fovea_mhz 25)
include("${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake")
