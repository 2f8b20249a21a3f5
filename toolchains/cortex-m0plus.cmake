# SPDX-License-Identifier: Apache-2.0
# Cortex-M0+, which has no floating point; on QEMU's microbit, a Cortex-M0.
set(fovea_mcpu cortex-m0plus)
set(fovea_float soft)
set(fovea_board microbit)
set(fovea_mhz 16)
include("${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake")
