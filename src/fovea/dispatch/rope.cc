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

void FindAngles(const run_time::RotateProblem& problem, size_t token,
                Angles& angles) {
  int32_t phases[run_time::kMaxPairs + kMaxLanes] = {};
  for (size_t i = 0; i < problem.pairs; ++i) {
    const uint64_t position = problem.first_position + token;
    phases[i] = static_cast<int32_t>(RopePhase(position, problem.rates[i]));
  }
  SinCosOf(phases, problem.pairs, angles.sin, angles.cos);
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
    float* row = problem.x.Row(batch, head, token);
    if (problem.interleaved) {
      RotateInterleaved(row, row, problem.pairs, angles.cos, angles.sin);
    } else {
      RotateHalfSplit(row, row, problem.pairs, angles.cos, angles.sin);
    }
  }
}

void RotateTokens(const run_time::RotateProblem& problem) {
  Angles angles = {};  // what pads a vector is read too
  for (size_t batch = 0; batch < problem.batch; ++batch) {
    for (size_t token = 0; token < problem.tokens; ++token) {
      if (problem.rates != nullptr) {
        FindAngles(problem, token, angles);
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
}  // namespace

void Rotate(const RotateProblem& problem) noexcept {
  HWY_DYNAMIC_DISPATCH(RotateTokens)(problem);
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
