// SPDX-License-Identifier: Apache-2.0
// RMSNorm against float64 and against its own bits.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "fovea/rms_norm.h"
#include "fovea/status.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/norm_output.h"
#include "tests/golden/tensor.h"
#include "tests/golden/weights.h"

namespace fovea::golden {
namespace {

struct RmsNormCase {
  const char* name;
  uint16_t width, tokens;
  float epsilon;
  float factor;
  uint64_t seed;
  Expected expected;
};

#include "tests/golden/rms_norm.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/rms_norm_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/rms_norm_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

using RunRows = Status (*)(const float* x, size_t x_stride, size_t tokens,
                           const float* weight, float epsilon, float* y,
                           size_t y_stride);

RunRows Find(const RmsNormCase& c) {
#define FOVEA_RMS_NORM_CONFIG(width_) \
  if (c.width == width_) return &RmsNorm<width_>::Run;
#include "tests/golden/rms_norm_configs.inc"
#undef FOVEA_RMS_NORM_CONFIG
  return nullptr;
}

std::vector<float> Output(const RmsNormCase& c, bool in_place) {
  const std::vector<float> values =
      Values(c.seed, 0, size_t{c.tokens} * c.width, c.factor);
  const auto run = [&](const View<float>& x, const View<float>& y,
                       const float* weight) {
    return Find(c)(x.data, x.token_stride, c.tokens, weight, c.epsilon, y.data,
                   y.token_stride);
  };
  return NormOutput(c, values, in_place, run);
}

TEST(RmsNormGolden, IsAsExactAsPyTorchAndHasTheCommittedBits) {
  ExpectGolden("rms_norm", kRmsNormCases, kRmsNormExpected, kHashes,
               [](const RmsNormCase& c) { return Output(c, false); });
}

TEST(RmsNormGolden, InPlaceGivesTheSameBits) {
  for (const RmsNormCase& c : kRmsNormCases) {
    ExpectSameBits(c.name, Output(c, true), Output(c, false));
  }
}

}  // namespace
}  // namespace fovea::golden
