// SPDX-License-Identifier: Apache-2.0
// Blocks of the micro-kernel (outer_product-inl.h) that a port computes where
// Highway has no vectors: for one lane, 16 sums at a time.
//
// A port gives the three functions below and FOVEA_HAS_FLOAT_BLOCKS is 1; what
// they leave of a chain the kernel goes on with.
#ifndef FOVEA_PORT_FLOAT_BLOCK_H_
#define FOVEA_PORT_FLOAT_BLOCK_H_

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && \
    defined(__ARM_FEATURE_FMA) && defined(__ARM_FP) && (__ARM_FP & 4)
#define FOVEA_HAS_FLOAT_BLOCKS 1
#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2)
#include "port/cortex_m/helium_block.h"
#else
#include "port/cortex_m/vfp_block.h"
#endif
#else
#define FOVEA_HAS_FLOAT_BLOCKS 0
#endif

#endif  // FOVEA_PORT_FLOAT_BLOCK_H_
