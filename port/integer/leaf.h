// SPDX-License-Identifier: Apache-2.0
// The leaf of integer attention for the processor that this is compiled for.
// All of them give the same bits.
#ifndef FOVEA_PORT_INTEGER_LEAF_H_
#define FOVEA_PORT_INTEGER_LEAF_H_

// Cores without vectors may have no floating-point unit, which Highway wants.
#if (defined(__arm__) && !defined(__ARM_NEON)) || \
    (defined(__riscv) && !defined(__riscv_vector))
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

#include "port/integer/plain.h"

#if defined(__ARM_FEATURE_MVE)
#include "port/cortex_m/integer_helium.h"
#define FOVEA_INTEGER_LEAF HeliumLeaf
// Without optimisation a function may want a register for its frame that the
// DSP's loops take.
#elif defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && \
    __ARM_ARCH_PROFILE == 'M' && defined(__OPTIMIZE__)
#include "port/cortex_m/integer_dsp.h"
#define FOVEA_INTEGER_LEAF DspLeaf
#elif FOVEA_INTEGER_HAS_HIGHWAY && HWY_TARGET != HWY_SCALAR && \
    HWY_TARGET != HWY_EMU128
#include "port/integer/vector.h"
#define FOVEA_INTEGER_LEAF VectorLeaf
#else
#define FOVEA_INTEGER_LEAF PlainLeaf
#endif

namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {
using Leaf = FOVEA_INTEGER_LEAF;
}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea

#undef FOVEA_INTEGER_LEAF
#undef FOVEA_INTEGER_HAS_HIGHWAY

#endif  // FOVEA_PORT_INTEGER_LEAF_H_
