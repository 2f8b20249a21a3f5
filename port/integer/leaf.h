// SPDX-License-Identifier: Apache-2.0
// The leaf of integer attention for the processor that this is compiled for.
// All of them give the same bits.
#ifndef FOVEA_PORT_INTEGER_LEAF_H_
#define FOVEA_PORT_INTEGER_LEAF_H_

// Files that are compiled for other instruction sets share no symbol.
#if defined(__arm__) || defined(__riscv)
#define FOVEA_INTEGER_NAMESPACE for_this_core
#else
#include "fovea/target.h"
#define FOVEA_INTEGER_NAMESPACE FOVEA_TARGET_NAMESPACE
#endif

#include "port/integer/plain.h"

namespace fovea {
namespace integer {
inline namespace FOVEA_INTEGER_NAMESPACE {
using Leaf = PlainLeaf;
}  // namespace FOVEA_INTEGER_NAMESPACE
}  // namespace integer
}  // namespace fovea

#endif  // FOVEA_PORT_INTEGER_LEAF_H_
