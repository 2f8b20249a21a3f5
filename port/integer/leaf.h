// SPDX-License-Identifier: Apache-2.0
// The leaves of integer attention and of integer linear layers for the
// processor that this is compiled for.  All of them give the same bits.
#ifndef FOVEA_PORT_INTEGER_LEAF_H_
#define FOVEA_PORT_INTEGER_LEAF_H_

// Cores without vectors may have no floating-point unit, which Highway wants.
// RISC-V's vectors multiply bytes by way of 16 bits, where a compiler does as
// well with plain loops (4 heads, 128 tokens, dim 64: 1.06 instructions a
// multiply-add, and 1.54 with the vector leaf; a decode 1.8 and 1.1).
#if (defined(__arm__) && !defined(__ARM_NEON)) || defined(__riscv)
#define FOVEA_INTEGER_HAS_HIGHWAY 0
#else
#define FOVEA_INTEGER_HAS_HIGHWAY 1
#endif

// Files that are compiled for other instruction sets share no symbol.
#if FOVEA_INTEGER_HAS_HIGHWAY
#include "fovea/target.h"
#define FOVEA_INTEGER_NAMESPACE FOVEA_TARGET_NAMESPACE
#else
#define FOVEA_INTEGER_NAMESPACE for_this_core
#endif

#include "port/integer/linear_plain.h"
#include "port/integer/plain.h"

#if defined(__ARM_FEATURE_MVE)
#include "port/cortex_m/integer_helium.h"
#include "port/cortex_m/linear_helium.h"
#define FOVEA_INTEGER_LEAF HeliumLeaf
#define FOVEA_INTEGER_LINEAR_LEAF HeliumLinearLeaf
// Without optimisation a function may want a register for its frame that the
// DSP's loops take.
#elif defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && \
    __ARM_ARCH_PROFILE == 'M' && defined(__OPTIMIZE__)
#include "port/cortex_m/integer_dsp.h"
#include "port/cortex_m/linear_dsp.h"
#define FOVEA_INTEGER_LEAF DspLeaf
#define FOVEA_INTEGER_LINEAR_LEAF DspLinearLeaf
#elif FOVEA_INTEGER_HAS_HIGHWAY && HWY_TARGET != HWY_SCALAR && \
    HWY_TARGET != HWY_EMU128
#include "port/integer/linear_vector-inl.h"
#include "port/integer/vector-inl.h"
#define FOVEA_INTEGER_LEAF VectorLeaf
#define FOVEA_INTEGER_LINEAR_LEAF VectorLinearLeaf
#define FOVEA_INTEGER_RUN_TIME_LEAF VectorLeaf
#else
#define FOVEA_INTEGER_LEAF PlainLeaf
#define FOVEA_INTEGER_LINEAR_LEAF PlainLinearLeaf
#endif

// Those of Cortex-M need sizes that are constants.
#ifndef FOVEA_INTEGER_RUN_TIME_LEAF
#define FOVEA_INTEGER_RUN_TIME_LEAF PlainLeaf
#endif

namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {
using Leaf = FOVEA_INTEGER_LEAF;
using LinearLeaf = FOVEA_INTEGER_LINEAR_LEAF;
// Takes a RunTimeShape.
using RunTimeLeaf = FOVEA_INTEGER_RUN_TIME_LEAF;
}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea

#undef FOVEA_INTEGER_LEAF
#undef FOVEA_INTEGER_LINEAR_LEAF
#undef FOVEA_INTEGER_RUN_TIME_LEAF
#undef FOVEA_INTEGER_HAS_HIGHWAY

#endif  // FOVEA_PORT_INTEGER_LEAF_H_
