// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/integer_attention.h"

#include "fovea/run_time/integer_attend.h"

#ifdef HWY_COMPILE_ONLY_STATIC
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
namespace {
HWY_EXPORT(AttendIntegers);
HWY_EXPORT(AttendIntegerCache);
HWY_EXPORT(IntegerBytes);
}  // namespace

void AttendIntegers(const IntegerProblem& problem, void* workspace) noexcept {
  HWY_DYNAMIC_DISPATCH(AttendIntegers)(problem, workspace);
}

void AttendIntegerCache(const IntegerProblem& problem,
                        void* workspace) noexcept {
  HWY_DYNAMIC_DISPATCH(AttendIntegerCache)(problem, workspace);
}

size_t IntegerWorkspaceBytes(size_t head_dim, size_t value_dim,
                             size_t rows) noexcept {
  return HWY_DYNAMIC_DISPATCH(IntegerBytes)(head_dim, value_dim, rows);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
#endif  // HWY_COMPILE_ONLY_STATIC
