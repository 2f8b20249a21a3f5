# SPDX-License-Identifier: Apache-2.0
# Cortex-M3, which has no floating point, on QEMU's mps2-an385.
set(fovea_mcpu cortex-m3)
set(fovea_float soft)
set(fovea_board mps2-an385)
set(fovea_mhz 25)
include("${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake")
