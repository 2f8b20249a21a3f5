// SPDX-License-Identifier: Apache-2.0
// Blocks of the micro-kernel (outer_product-inl.h) that a port computes: four
// rows of four vectors, each sum the chain of fused multiply-adds that the
// kernel states, in its order.
//
// A port that has them defines FOVEA_PORT_BLOCK_LANES as the lanes that
// Highway's vectors have there, 1 or 4, and gives for C = 4 * lanes columns,
// `count` steps k of chains that begin with `start`, steps and strides in
// floats,
//
//   SumAlong4x4<kStep>  sums[row * C + column] of factors[row * row_stride + k]
//                       and columns[k * kStep + column]; kStep: C or 16
//   SumAcross4x4        of factors[k * C + row] and columns[k * step + column]
//   Join4x4             output[row * stride + column] = that * correction[row]
//                       + sums[row * C + column], fused
//
// and for one lane
//
//   SumAlong1x16        sums[column] of factors[k] and
//                       columns[k * step + column], 16 columns
//   Join1x16            output[column] = that * correction + sums[column]
//
// Nothing of it needs more alignment than a float has.
#ifndef FOVEA_PORT_FLOAT_BLOCK_H_
#define FOVEA_PORT_FLOAT_BLOCK_H_

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' &&          \
    defined(__ARM_FEATURE_FMA) && defined(__ARM_FP) && (__ARM_FP & 4) && \
    !defined(__ARM_BIG_ENDIAN)
#define FOVEA_PORT_BLOCK_LANES 1
#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2)
#include "port/cortex_m/helium_block.h"
#else
#include "port/cortex_m/vfp_block.h"
#endif
#elif defined(__aarch64__) && defined(__GNUC__) && !defined(__ARM_BIG_ENDIAN)
#define FOVEA_PORT_BLOCK_LANES 4
#include "port/aarch64/neon_block.h"
#else
#define FOVEA_PORT_BLOCK_LANES 0
#endif

#endif  // FOVEA_PORT_FLOAT_BLOCK_H_
