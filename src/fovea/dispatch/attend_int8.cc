// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/int8.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/attend_int8.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/dispatch/int8_targets.h"
#include "fovea/run_time/attend_int8-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

void AttendInt8(const AttentionProblem& problem, void* workspace) {
  AttendInInt8<Arithmetic::kInt8>(problem, workspace);
}

size_t Int8ScratchBytes(size_t head_dim, size_t value_dim, size_t keys) {
  return ScratchBytesIn<Arithmetic::kInt8>(head_dim, value_dim, keys);
}

bool RowsAreStorable(const float* rows, size_t stride, size_t count,
                     size_t dims, float room) {
  return AreStorable(Length<0>(dims), rows, stride, count, room);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea {
namespace run_time {

FOVEA_EXPORT_INT8(AttendInt8);
FOVEA_EXPORT_INT8(Int8ScratchBytes);
FOVEA_EXPORT_INT8(RowsAreStorable);

#ifndef FOVEA_INT8_TARGET

void AttendInt8(const AttentionProblem& problem, void* workspace) {
  FOVEA_DISPATCH_INT8(AttendInt8)(problem, workspace);
}

size_t Int8Bytes(size_t head_dim, size_t value_dim, size_t keys) {
  return FOVEA_DISPATCH_INT8(Int8ScratchBytes)(head_dim, value_dim, keys);
}

// Here and not in a file of its own: most of that would be headers.
bool AreStorableRows(const float* rows, size_t stride, size_t count,
                     size_t dims, float room) {
  return FOVEA_DISPATCH_INT8(RowsAreStorable)(rows, stride, count, dims, room);
}

#endif  // FOVEA_INT8_TARGET

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
