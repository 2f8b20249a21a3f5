// SPDX-License-Identifier: Apache-2.0
// LayerNorm against float64 and against its own bits.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "fovea/layer_norm.h"
#include "fovea/status.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/norm_output.h"
#include "tests/golden/tensor.h"
#include "tests/golden/weights.h"

namespace fovea::golden {
namespace {

struct LayerNormCase {
  const char* name;
  uint16_t width, tokens;
  bool has_bias;
  float epsilon;
  float factor, mean;
  uint64_t seed;
  Expected expected;
};

#include "tests/golden/layer_norm.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/layer_norm_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/layer_norm_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

using RunRows = Status (*)(const float* x, size_t x_stride, size_t tokens,
                           const float* weight, const float* bias,
                           float epsilon, float* y, size_t y_stride);

RunRows Find(const LayerNormCase& c) {
#define FOVEA_LAYER_NORM_CONFIG(width_) \
  if (c.width == width_) return &LayerNorm<width_>::Run;
#include "tests/golden/layer_norm_configs.inc"
#undef FOVEA_LAYER_NORM_CONFIG
  return nullptr;
}

std::vector<float> Output(const LayerNormCase& c, bool in_place) {
  std::vector<float> values =
      Values(c.seed, 0, size_t{c.tokens} * c.width, c.factor);
  for (float& value : values) value += c.mean;
  const std::vector<float> bias = Values(c.seed, 2, c.width);
  const auto run = [&](const View<float>& x, const View<float>& y,
                       const float* weight) {
    return Find(c)(x.data, x.token_stride, c.tokens, weight,
                   c.has_bias ? bias.data() : nullptr, c.epsilon, y.data,
                   y.token_stride);
  };
  return NormOutput(c, values, in_place, run);
}

TEST(LayerNormGolden, IsAsExactAsPyTorchAndHasTheCommittedBits) {
  ExpectGolden("layer_norm", kLayerNormCases, kLayerNormExpected, kHashes,
               [](const LayerNormCase& c) { return Output(c, false); });
}

TEST(LayerNormGolden, InPlaceGivesTheSameBits) {
  for (const LayerNormCase& c : kLayerNormCases) {
    ExpectSameBits(c.name, Output(c, true), Output(c, false));
  }
}

}  // namespace
}  // namespace fovea::golden
