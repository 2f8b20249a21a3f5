// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/attend_plain.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/run_time/attend-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// As many kv heads as heads have kernels of their own: a division a row cost 9
// % of a short prefill (Zen 5, P6), a branch instead of it 3 %.
void AttendPlain(const AttentionProblem& problem, void* workspace) {
  using F = run_time::PlainFeatures<float>;
  WithDim(problem, [&](auto dim) {
    constexpr size_t kDim = dim.value;
    const Scratch scratch = ScratchOf<kDim>(problem, workspace);
    if (problem.group_heads == 1) {
      AttendTensors<RunTimeShape<kDim, kAnyRows, F, 1>>(problem, scratch);
    } else {
      AttendTensors<RunTimeShape<kDim, kAnyRows, F>>(problem, scratch);
    }
  });
}

size_t ScratchBytesOf(size_t head_dim, size_t value_dim) {
  return ScratchBytes(head_dim, value_dim);
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
HWY_EXPORT(AttendPlain);
HWY_EXPORT(ScratchBytesOf);
}  // namespace

void AttendPlain(const AttentionProblem& problem, void* workspace) noexcept {
  HWY_DYNAMIC_DISPATCH(AttendPlain)(problem, workspace);
}

size_t WorkspaceBytes(size_t head_dim, size_t value_dim) noexcept {
  return HWY_DYNAMIC_DISPATCH(ScratchBytesOf)(head_dim, value_dim);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
