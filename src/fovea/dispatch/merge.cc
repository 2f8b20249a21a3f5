// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/merge.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/merge.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/kernels/merge-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

void MergeRow(const run_time::MergeProblem& problem, size_t batch, size_t head,
              size_t token) {
  const size_t row = (batch * problem.heads + head) * problem.queries + token;
  RowMerge merge;
  for (size_t i = 0; i < problem.count; ++i) {
    merge.Widen(problem.Partial(i).max[row]);
  }
  for (size_t i = 0; i < problem.count; ++i) {
    merge.Add(problem.Partial(i).max[row], problem.Partial(i).sum[row]);
  }
  float* out = problem.out.Row(batch, head, token);
  for (size_t i = 0; i < problem.count; ++i) {
    const fovea_partial& partial = problem.Partial(i);
    const fovea_output& from = partial.numerator;
    const float* numerator = from.data + batch * from.batch_stride +
                             head * from.head_stride +
                             token * from.token_stride;
    merge.AddRow(partial.max[row], numerator, problem.value_dim, i == 0, out);
  }
  merge.Normalise(problem.value_dim, out);
  if (problem.lse != nullptr) problem.lse[row] = merge.Lse();
}

void MergeRows(const run_time::MergeProblem& problem) {
  for (size_t batch = 0; batch < problem.batch; ++batch) {
    for (size_t head = 0; head < problem.heads; ++head) {
      for (size_t token = 0; token < problem.queries; ++token) {
        MergeRow(problem, batch, head, token);
      }
    }
  }
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
HWY_EXPORT(MergeRows);
}  // namespace

void MergePartials(const MergeProblem& problem) noexcept {
  HWY_DYNAMIC_DISPATCH(MergeRows)(problem);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
