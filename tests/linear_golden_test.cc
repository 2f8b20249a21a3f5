// SPDX-License-Identifier: Apache-2.0
// Linear layers against float64 and against their own bits.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "fovea/linear.h"
#include "fovea/status.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/tensor.h"
#include "tests/golden/weights.h"

namespace fovea::golden {
namespace {

struct LinearCase {
  const char* name;
  uint16_t inputs, outputs, tokens;
  bool has_bias;
  float weight_factor;
  uint64_t seed;
  Expected expected;
};

#include "tests/golden/linear.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/linear_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/linear_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

using RunTokens = Status (*)(const LinearWeights&, const Tensor& x,
                             size_t first, size_t tokens, Tensor& y);

template <size_t kInputs, size_t kOutputs>
Status Run(const LinearWeights& weights, const Tensor& x, size_t first,
           size_t tokens, Tensor& y) {
  const View<const float> in = x.const_view(first);
  const View<float> out = y.view(first);
  return Linear<kInputs, kOutputs>::Run(weights, in.data, in.token_stride,
                                        tokens, out.data, out.token_stride);
}

RunTokens Find(const LinearCase& c) {
#define FOVEA_LINEAR_CONFIG(inputs_, outputs_)        \
  if (c.inputs == inputs_ && c.outputs == outputs_) { \
    return &Run<inputs_, outputs_>;                   \
  }
#include "tests/golden/linear_configs.inc"
#undef FOVEA_LINEAR_CONFIG
  return nullptr;
}

// The output, computed `at_once` tokens at a time.
std::vector<float> Output(const LinearCase& c, size_t at_once) {
  const RunTokens run = Find(c);
  const PackedLayer layer(
      Values(c.seed, 1, size_t{c.inputs} * c.outputs, c.weight_factor),
      c.inputs, c.outputs,
      c.has_bias ? Values(c.seed, 2, c.outputs) : std::vector<float>());
  EXPECT_EQ(layer.status(), Status::kOk) << c.name;
  const Tensor x = PaddedRows(c.tokens, c.inputs, 3,
                              Values(c.seed, 0, size_t{c.tokens} * c.inputs));
  Tensor y = PaddedRows(c.tokens, c.outputs, 5);
  for (size_t first = 0; first < c.tokens; first += at_once) {
    const size_t tokens =
        c.tokens - first < at_once ? c.tokens - first : at_once;
    EXPECT_EQ(run(layer.weights(), x, first, tokens, y), Status::kOk) << c.name;
  }
  EXPECT_TRUE(y.PaddingIsUntouched()) << c.name;
  return y.Flat();
}

TEST(LinearGolden, IsAsExactAsPyTorchAndHasTheCommittedBits) {
  ExpectGolden("linear", kLinearCases, kLinearExpected, kHashes,
               [](const LinearCase& c) { return Output(c, c.tokens); });
}

TEST(LinearGolden, TheBitsDoNotDependOnHowManyTokensComeAtOnce) {
  for (const LinearCase& c : kLinearCases) {
    const std::vector<float> whole = Output(c, c.tokens);
    ExpectSameBits(c.name, Output(c, 1), whole);
    ExpectSameBits(c.name, Output(c, 5), whole);
  }
}

}  // namespace
}  // namespace fovea::golden
