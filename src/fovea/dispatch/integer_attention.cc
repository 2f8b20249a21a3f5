// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/integer_attention.h"

#include "fovea/run_time/integer_attend.h"

#if defined(HWY_COMPILE_ONLY_STATIC) && !defined(FOVEA_INT8_TARGET)
// One target, which may be a core that Highway does not know.
#include "port/integer/leaf.h"

namespace fovea {
namespace run_time {

void AttendIntegers(const IntegerProblem& problem, void* workspace) noexcept {
  integer::AttendProblem<integer::RunTimeLeaf, false>(problem, workspace);
}

void AttendIntegerCache(const IntegerProblem& problem,
                        void* workspace) noexcept {
  integer::AttendProblem<integer::RunTimeLeaf, true>(problem, workspace);
}

size_t IntegerWorkspaceBytes(size_t head_dim, size_t value_dim,
                             size_t rows) noexcept {
  return integer::RunTimeBytes<integer::RunTimeLeaf>(head_dim, value_dim, rows);
}

}  // namespace run_time
}  // namespace fovea

#else

#define FOVEA_INTEGER_NAMESPACE HWY_NAMESPACE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/integer_attention.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/dispatch/int8_targets.h"
#include "port/integer/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

using IntegerLeaf = integer::HWY_NAMESPACE::VectorLeaf;

void AttendIntegers(const run_time::IntegerProblem& problem, void* workspace) {
  integer::AttendProblem<IntegerLeaf, false>(problem, workspace);
}

void AttendIntegerCache(const run_time::IntegerProblem& problem,
                        void* workspace) {
  integer::AttendProblem<IntegerLeaf, true>(problem, workspace);
}

size_t IntegerBytes(size_t head_dim, size_t value_dim, size_t rows) {
  return integer::RunTimeBytes<IntegerLeaf>(head_dim, value_dim, rows);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea {
namespace run_time {

FOVEA_EXPORT_INT8(AttendIntegers);
FOVEA_EXPORT_INT8(AttendIntegerCache);
FOVEA_EXPORT_INT8(IntegerBytes);

#ifndef FOVEA_INT8_TARGET

void AttendIntegers(const IntegerProblem& problem, void* workspace) noexcept {
  FOVEA_DISPATCH_INT8(AttendIntegers)(problem, workspace);
}

void AttendIntegerCache(const IntegerProblem& problem,
                        void* workspace) noexcept {
  FOVEA_DISPATCH_INT8(AttendIntegerCache)(problem, workspace);
}

size_t IntegerWorkspaceBytes(size_t head_dim, size_t value_dim,
                             size_t rows) noexcept {
  return FOVEA_DISPATCH_INT8(IntegerBytes)(head_dim, value_dim, rows);
}

#endif  // FOVEA_INT8_TARGET

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
#endif  // one target or several
