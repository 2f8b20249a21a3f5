// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/linear_integer.h"

#include "fovea/run_time/apply_linear_integer.h"

#if defined(HWY_COMPILE_ONLY_STATIC) && !defined(FOVEA_INT8_TARGET)
// One target, which may be a core that Highway does not know.
#include "port/integer/leaf.h"

namespace fovea {
namespace run_time {

void LinearInteger(const LinearIntegerProblem& problem) noexcept {
  integer::ApplyProblem<integer::LinearLeaf>(problem);
}

}  // namespace run_time
}  // namespace fovea

#else

#define FOVEA_INTEGER_NAMESPACE HWY_NAMESPACE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/linear_integer.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/dispatch/int8_targets.h"
#include "port/integer/linear_vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

void LinearIntegerTokens(const run_time::LinearIntegerProblem& problem) {
  integer::ApplyProblem<integer::HWY_NAMESPACE::VectorLinearLeaf>(problem);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea {
namespace run_time {

FOVEA_EXPORT_INT8(LinearIntegerTokens);

#ifndef FOVEA_INT8_TARGET

void LinearInteger(const LinearIntegerProblem& problem) noexcept {
  FOVEA_DISPATCH_INT8(LinearIntegerTokens)(problem);
}

#endif  // FOVEA_INT8_TARGET

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
#endif  // one target or several
