// SPDX-License-Identifier: Apache-2.0
// Rotary positions against float64 and against their own bits.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <utility>
#include <vector>

#include "fovea/rope.h"
#include "fovea/status.h"
#include "tests/golden/attention_case.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/tensor.h"
#include "tests/golden/weights.h"

namespace fovea::golden {
namespace {

// x is [token][head][dim].
struct RopeCase {
  const char* name;
  uint32_t first_position;
  float base;
  uint16_t head_dim, heads, tokens;
  bool interleaved;
  uint64_t seed;
  Expected expected;
};

#include "tests/golden/rope.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/rope_hashes_fused.inc"
    {nullptr, 0}};

using ApplyAt = Status (*)(const RopeCase&, View<float> x, size_t first,
                           size_t tokens);

template <size_t kDim>
Status Apply(const RopeCase& c, View<float> x, size_t first, size_t tokens) {
  const Rope<kDim> rope(double{c.base});
  return rope.Apply(
      x, c.heads, tokens, c.first_position + first,
      c.interleaved ? RopePairs::kInterleaved : RopePairs::kHalfSplit);
}

ApplyAt Find(const RopeCase& c) {
#define FOVEA_ROPE_CONFIG(head_dim_) \
  if (c.head_dim == head_dim_) return &Apply<head_dim_>;
#include "tests/golden/rope_configs.inc"
#undef FOVEA_ROPE_CONFIG
  return nullptr;
}

// The rotated rows [token][head][dim], rotated `at_once` tokens at a time.  The
// table's order is the tensor's with tokens for its heads.
std::vector<float> Output(const RopeCase& c, Layout layout, size_t at_once) {
  Tensor x(layout, 1, c.tokens, c.heads, c.head_dim, 3);
  const Stream stream(c.seed, 0);
  for (size_t i = 0; i < x.size(); ++i) x[i] = stream[i];
  View<float> view = x.view();
  std::swap(view.head_stride, view.token_stride);
  const ApplyAt apply = Find(c);
  for (size_t first = 0; first < c.tokens; first += at_once) {
    const size_t tokens =
        c.tokens - first < at_once ? c.tokens - first : at_once;
    View<float> rows = view;
    rows.data += first * view.token_stride;
    EXPECT_EQ(apply(c, rows, first, tokens), Status::kOk) << c.name;
  }
  EXPECT_TRUE(x.PaddingIsUntouched()) << c.name;
  return x.Flat();
}

TEST(RopeGolden, IsAsExactAsPyTorchAndHasTheCommittedBits) {
  ExpectGolden("rope", kRopeCases, kRopeExpected, kFusedHashes,
               [](const RopeCase& c) {
                 return Output(c, Layout::kPaddedHeads, c.tokens);
               });
}

TEST(RopeGolden, TheBitsDoNotDependOnTheLayoutNorOnTheCalls) {
  for (const RopeCase& c : kRopeCases) {
    ExpectSameBits(c.name, Output(c, Layout::kTokenMajor, 1),
                   Output(c, Layout::kHeadMajor, c.tokens));
  }
}

}  // namespace
}  // namespace fovea::golden
