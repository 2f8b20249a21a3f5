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
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/rope_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

using ApplyAt = Status (*)(const RopeCase&, View<float> x, size_t first,
                           size_t tokens);

// What the tests need of a Rope whose dim is known at run time.
struct Functions {
  ApplyAt apply, apply_from_table;
  uint32_t (*phase)(const PhaseCase&);
};

RopePairs Pairs(const RopeCase& c) {
  return c.interleaved ? RopePairs::kInterleaved : RopePairs::kHalfSplit;
}

template <size_t kDim>
Status Apply(const RopeCase& c, View<float> x, size_t first, size_t tokens) {
  const Rope<kDim> rope(c.rope);
  return rope.Apply(x, c.heads, tokens, c.first_position + first, Pairs(c));
}

constexpr size_t kTable = 16;  // positions

template <size_t kDim>
Status ApplyFromTable(const RopeCase& c, View<float> x, size_t first,
                      size_t tokens) {
  static RopeTable<kDim, kTable> table;
  const uint64_t position = c.first_position + first;
  FOVEA_RETURN_IF_BAD(table.Fill(Rope<kDim>(c.rope), position));
  return table.Apply(x, c.heads, tokens, position, Pairs(c));
}

template <size_t kDim>
uint32_t Phase(const PhaseCase& c) {
  return Rope<kDim>(c.rope).PhaseAt(c.position, c.pair);
}

Functions Find(size_t dim) {
#define FOVEA_ROPE_CONFIG(dim_) \
  if (dim == dim_) return {&Apply<dim_>, &ApplyFromTable<dim_>, &Phase<dim_>};
#include "tests/golden/rope_configs.inc"
#undef FOVEA_ROPE_CONFIG
  ADD_FAILURE() << "no Rope of " << dim << " dims";
  return {&Apply<2>, &ApplyFromTable<2>, &Phase<2>};
}

// The rotated rows [token][head][head_dim], rotated `at_once` tokens at a time.
// The table's order is the tensor's with tokens for its heads.
std::vector<float> Output(const RopeCase& c, Layout layout, size_t at_once,
                          ApplyAt apply) {
  Tensor x(layout, 1, c.tokens, c.heads, c.head_dim, 3);
  const Stream stream(c.seed, 0);
  for (size_t i = 0; i < x.size(); ++i) x[i] = stream[i];
  View<float> view = x.view();
  std::swap(view.head_stride, view.token_stride);
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
  ExpectGolden(
      "rope", kRopeCases, kRopeExpected, kHashes, [](const RopeCase& c) {
        return Output(c, Layout::kPaddedHeads, c.tokens, Find(c.dim).apply);
      });
}

TEST(RopeGolden, TheBitsDoNotDependOnTheLayoutNorOnTheCalls) {
  for (const RopeCase& c : kRopeCases) {
    const ApplyAt apply = Find(c.dim).apply;
    ExpectSameBits(c.name, Output(c, Layout::kTokenMajor, 1, apply),
                   Output(c, Layout::kHeadMajor, c.tokens, apply));
  }
}

TEST(RopeGolden, ATableGivesTheSameBits) {
  for (const RopeCase& c : kRopeCases) {
    const Functions rope = Find(c.dim);
    ExpectSameBits(
        c.name, Output(c, Layout::kPaddedHeads, kTable, rope.apply_from_table),
        Output(c, Layout::kHeadMajor, c.tokens, rope.apply));
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
