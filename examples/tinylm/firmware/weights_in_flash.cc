// SPDX-License-Identifier: Apache-2.0
// The weights file among the constants of the image, aligned for the kernels.
__asm__(
    ".section .rodata.fovea_tinylm_weights, \"a\"\n"
    ".global fovea_tinylm_weights\n"
    ".balign 64\n"
    "fovea_tinylm_weights:\n"
    ".incbin \"" FOVEA_TINYLM_WEIGHTS
    "\"\n"
    ".previous\n");
