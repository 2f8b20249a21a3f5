// SPDX-License-Identifier: Apache-2.0
// Compiled for vectors without a compile-time size: no array of them, no
// operator on them can creep in.
#include "every_kernel.h"

static_assert(HWY_HAVE_SCALABLE, "this file is meant for SVE or RVV");

fovea::Status CompileEverything(const every_kernel::MultiHead::Weights& weights,
                                const every_kernel::MultiHead::Call& call,
                                const every_kernel::FullAttention::Call& full,
                                float* x,
                                const every_kernel::Block::Weights& block,
                                every_kernel::Memory& memory);
fovea::Status CompileEverything(const every_kernel::MultiHead::Weights& weights,
                                const every_kernel::MultiHead::Call& call,
                                const every_kernel::FullAttention::Call& full,
                                float* x,
                                const every_kernel::Block::Weights& block,
                                every_kernel::Memory& memory) {
  return every_kernel::UseAll(weights, call, full, x, block, memory);
}
