// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/int8.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/attend_int8_scores.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/dispatch/int8_targets.h"
#include "fovea/run_time/attend_int8-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

void AttendInt8Scores(const AttentionProblem& problem, void* workspace) {
  AttendInInt8<Arithmetic::kInt8Scores>(problem, workspace);
}

size_t Int8ScoresScratchBytes(size_t head_dim, size_t value_dim, size_t keys) {
  return ScratchBytesIn<Arithmetic::kInt8Scores>(head_dim, value_dim, keys);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea {
namespace run_time {

FOVEA_EXPORT_INT8(AttendInt8Scores);
FOVEA_EXPORT_INT8(Int8ScoresScratchBytes);

#ifndef FOVEA_INT8_TARGET

void AttendInt8Scores(const AttentionProblem& problem, void* workspace) {
  FOVEA_DISPATCH_INT8(AttendInt8Scores)(problem, workspace);
}

size_t Int8ScoresBytes(size_t head_dim, size_t value_dim, size_t keys) {
  return FOVEA_DISPATCH_INT8(Int8ScoresScratchBytes)(head_dim, value_dim, keys);
}

#endif  // FOVEA_INT8_TARGET

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
