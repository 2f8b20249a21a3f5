// SPDX-License-Identifier: Apache-2.0
// Loops of the softmax (online_softmax-inl.h) that a port computes for four
// neighbouring floats at a time, where Highway has one lane.
//
// A port that has them defines FOVEA_HAS_FLOAT_LANES as 1 and gives, with the
// kernel's operations on each lane,
//
//   RaiseMax          max[i] = the largest of it and scores[4 * k + i], for k
//                     below `vectors`; a NaN among them does not count
//   AddProbabilities  scores[4 * k + i] = p = 2^(scores[4 * k + i] - max[i]),
//                     and sums[4 * k + i] += p, for k below `vectors`
//   FoldSums          the tree of 16 vectors of sums, into the first of them
//   Scale             to[i] = from[i] * factor for 4 * vectors floats; `to` may
//                     be `from`
//   ScaleApart        to[i * step] = from[i] * factor
#ifndef FOVEA_PORT_FLOAT_LANES_H_
#define FOVEA_PORT_FLOAT_LANES_H_

#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2) && \
    !defined(__ARM_BIG_ENDIAN)
#define FOVEA_HAS_FLOAT_LANES 1
#include "port/cortex_m/helium_lanes.h"
#else
#define FOVEA_HAS_FLOAT_LANES 0
#endif

#endif  // FOVEA_PORT_FLOAT_LANES_H_
