// SPDX-License-Identifier: Apache-2.0
// Blocks of the micro-kernel (outer_product-inl.h) that a port computes where
// Highway has one lane: 16 sums at a time, each the chain of fused
// multiply-adds that the kernel states, in its order.
//
// A port that has them defines FOVEA_HAS_FLOAT_BLOCKS as 1 and gives, for
// count >= 1 steps k of chains that begin with `start`, steps and strides in
// floats,
//
//   SumAlong4x4<kStep>  sums[row][column] of factors[row * row_stride + k] and
//                       columns[k * kStep + column], four of each
//   SumAcross4x4        of factors[k * 4 + row] and columns[k * step + column]
//   SumAlong1x16        of factors[k], one row and 16 columns
//
// and, for output[row * stride + column],
//
//   Join4x4             output = output * correction[row] + sums, fused
//   Join1x16            the same of one row
#ifndef FOVEA_PORT_FLOAT_BLOCK_H_
#define FOVEA_PORT_FLOAT_BLOCK_H_

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && \
    defined(__ARM_FEATURE_FMA) && defined(__ARM_FP) && (__ARM_FP & 4)
#define FOVEA_PORT_BLOCK_LANES 1
#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2)
#include "port/cortex_m/helium_block.h"
#else
#include "port/cortex_m/vfp_block.h"
#endif
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
#define FOVEA_PORT_BLOCK_LANES 4
#include "port/aarch64/neon_block.h"
#else
#define FOVEA_PORT_BLOCK_LANES 0
#endif

#endif  // FOVEA_PORT_FLOAT_BLOCK_H_
