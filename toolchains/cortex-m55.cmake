# SPDX-License-Identifier: Apache-2.0
# Cortex-M55 with Helium, on QEMU's mps3-an547.
set(fovea_mcpu cortex-m55)
set(fovea_float hard)
set(fovea_board mps3-an547)
set(fovea_mhz 32)
include("${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake")
