# SPDX-License-Identifier: Apache-2.0
# Cortex-M33, on QEMU's mps2-an505, whose core has a floating-point unit.
set(fovea_mcpu cortex-m33)
set(fovea_float hard)
set(fovea_board mps2-an505)
set(fovea_mhz 20)
# The reduced suite measures the stack of all entries there alone: minutes to
# compile, and the same instructions in another order.
set(FOVEA_STACK_LIKE cortex-m4f)
include("${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake")
