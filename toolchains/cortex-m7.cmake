# SPDX-License-Identifier: Apache-2.0
# Cortex-M7, on QEMU's mps2-an500.
set(fovea_mcpu cortex-m7)
set(fovea_float hard)
set(fovea_board mps2-an500)
set(fovea_mhz 25)
# The reduced suite measures the stack of all entries there alone: minutes to
# compile, and the same instructions in another order.
set(FOVEA_STACK_LIKE cortex-m4f)
include("${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake")
