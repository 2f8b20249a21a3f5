// SPDX-License-Identifier: Apache-2.0
// Rotary positions against float64 and against their own bits.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <cmath>
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

// x is [token][head][head_dim], of which the first dim turn.
struct RopeCase {
  const char* name;
  uint32_t first_position;
  RopeOptions rope;
  uint16_t dim, head_dim, heads, tokens;
  bool interleaved;
  uint64_t seed;
  Expected expected;
};

// The angle of one pair at one position.
struct PhaseCase {
  RopeOptions rope;
  uint16_t dim, pair;
  uint32_t position;
  uint64_t turn;  // its fraction of a turn, times 2^64
};

#include "tests/golden/rope.inc"
#include "tests/golden/rope_phases.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/rope_hashes_fused.inc"
    {nullptr, 0}};

// What the tests need of a Rope whose dim is known at run time.
struct Functions {
  Status (*apply)(const RopeCase&, View<float> x, size_t first, size_t tokens);
  uint32_t (*phase)(const PhaseCase&);
};

template <size_t kDim>
Status Apply(const RopeCase& c, View<float> x, size_t first, size_t tokens) {
  const Rope<kDim> rope(c.rope);
  return rope.Apply(
      x, c.heads, tokens, c.first_position + first,
      c.interleaved ? RopePairs::kInterleaved : RopePairs::kHalfSplit);
}

template <size_t kDim>
uint32_t Phase(const PhaseCase& c) {
  return Rope<kDim>(c.rope).PhaseAt(c.position, c.pair);
}

Functions Find(size_t dim) {
#define FOVEA_ROPE_CONFIG(dim_) \
  if (dim == dim_) return {&Apply<dim_>, &Phase<dim_>};
#include "tests/golden/rope_configs.inc"
#undef FOVEA_ROPE_CONFIG
  return {};
}

// The rotated rows [token][head][head_dim], rotated `at_once` tokens at a time.
// The table's order is the tensor's with tokens for its heads.
std::vector<float> Output(const RopeCase& c, Layout layout, size_t at_once) {
  Tensor x(layout, 1, c.tokens, c.heads, c.head_dim, 3);
  const Stream stream(c.seed, 0);
  for (size_t i = 0; i < x.size(); ++i) x[i] = stream[i];
  View<float> view = x.view();
  std::swap(view.head_stride, view.token_stride);
  const auto apply = Find(c.dim).apply;
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

TEST(RopeGolden, AnglesAreWithinTheirBoundUpToPosition2To24) {
  constexpr double kRadians = 6.283185307179586 * 0x1p-64;
  for (const PhaseCase& c : kRopePhases) {
    const uint64_t turn = uint64_t{Find(c.dim).phase(c)} << 32;
    const auto error = static_cast<int64_t>(turn - c.turn);
    EXPECT_LE(std::fabs(static_cast<double>(error)) * kRadians, 1e-8)
        << "base " << c.rope.base << ", scaling "
        << static_cast<int>(c.rope.scaling) << ", pair " << c.pair << " of "
        << c.dim << " dims, position " << c.position;
  }
}

}  // namespace
}  // namespace fovea::golden
