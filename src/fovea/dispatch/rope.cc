// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/rope.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/rope.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/kernels/rope-inl.h"
#include "fovea/rope_rates.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// Angles of a token, in whole vectors.
struct Angles {
  float cos[run_time::kMaxPairs + kMaxLanes];
  float sin[run_time::kMaxPairs + kMaxLanes];
};

void AnglesAt(const uint64_t* rates, size_t pairs, uint64_t position,
              float* cos, float* sin) {
  int32_t phases[run_time::kMaxPairs + kMaxLanes] = {};
  for (size_t i = 0; i < pairs; ++i) {
    phases[i] = static_cast<int32_t>(RopePhase(position, rates[i]));
  }
  SinCosOf(phases, pairs, sin, cos);
}

void RotateRow(float* row, size_t pairs, bool interleaved, const float* cos,
               const float* sin) {
  if (interleaved) {
    RotateInterleaved(row, row, pairs, cos, sin);
  } else {
    RotateHalfSplit(row, row, pairs, cos, sin);
  }
}

void CopyAngles(const run_time::RotateProblem& problem, size_t batch,
                size_t token, Angles& angles) {
  const size_t at =
      batch * problem.angle_batch_stride + token * problem.angle_token_stride;
  for (size_t i = 0; i < problem.pairs; ++i) {
    angles.cos[i] = problem.cos[at + i];
    angles.sin[i] = problem.sin[at + i];
  }
}

void RotateToken(const run_time::RotateProblem& problem, size_t batch,
                 size_t token, const Angles& angles) {
  for (size_t head = 0; head < problem.heads; ++head) {
    RotateRow(problem.x.Row(batch, head, token), problem.pairs,
              problem.interleaved, angles.cos, angles.sin);
  }
}

void RotateTokens(const run_time::RotateProblem& problem) {
  Angles angles = {};  // what pads a vector is read too
  for (size_t batch = 0; batch < problem.batch; ++batch) {
    for (size_t token = 0; token < problem.tokens; ++token) {
      if (problem.rates != nullptr) {
        AnglesAt(problem.rates, problem.pairs, problem.first_position + token,
                 angles.cos, angles.sin);
      } else {
        CopyAngles(problem, batch, token, angles);
      }
      RotateToken(problem, batch, token, angles);
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
HWY_EXPORT(RotateTokens);
HWY_EXPORT(AnglesAt);
HWY_EXPORT(RotateRow);
}  // namespace

void Rotate(const RotateProblem& problem) noexcept {
  HWY_DYNAMIC_DISPATCH(RotateTokens)(problem);
}

void AnglesAt(const uint64_t* rates, size_t pairs, uint64_t position,
              float* cos, float* sin) noexcept {
  HWY_DYNAMIC_DISPATCH(AnglesAt)(rates, pairs, position, cos, sin);
}

void RotateRow(float* row, size_t pairs, bool interleaved, const float* cos,
               const float* sin) noexcept {
  HWY_DYNAMIC_DISPATCH(RotateRow)(row, pairs, interleaved, cos, sin);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
