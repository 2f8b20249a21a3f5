// SPDX-License-Identifier: Apache-2.0
// Attention against float64 and against its own bits, on every target.

#include <gtest/gtest.h>
#include <stddef.h>

#include <cmath>
#include <vector>

#include "tests/golden/attention_case.h"
#include "tests/golden/attention_run.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/reference/attention_reference.h"

namespace fovea::golden {
namespace {

#include "tests/golden/attention.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/attention_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/attention_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

const std::vector<AttentionCase>& Cases() {
  static const auto cases =
      CasesOf(kAttentionCases, [](const AttentionCase& c) {
        return IsInReducedSuite(c.heads, c.kv_heads, c.head_dim, c.causal);
      });
  return cases;
}

Outcome RunChecked(const AttentionCase& c, Way way) {
  const RunAttention run = FindAttention(c);
  if (run == nullptr) {
    ADD_FAILURE() << c.name << ": no such configuration";
    return {};
  }
  Outcome outcome = run(c, way);
  EXPECT_EQ(outcome.status, Status::kOk) << c.name;
  EXPECT_TRUE(outcome.padding_is_untouched) << c.name;
  return outcome;
}

TEST(AttentionGolden, IsAsExactAsPyTorchAndHasTheCommittedBits) {
  ExpectGolden(
      "attention", Cases(), kAttentionExpected, kHashes,
      [](const AttentionCase& c) { return RunChecked(c, Way::kOneShot).out; });
}

// A row that sees no key is zero, not merely close to it.
TEST(AttentionGolden, RowsWithoutAKeyAreZero) {
  size_t rows = 0;
  for (const AttentionCase& c : Cases()) {
    if (!c.causal || c.first_position >= 0) continue;
    const Outcome outcome = RunChecked(c, Way::kOneShot);
    for (size_t i = 0; i < outcome.out.size(); ++i) {
      const size_t query = i / c.head_dim % c.queries;
      if (static_cast<int>(query) + c.first_position >= 0) continue;
      ASSERT_EQ(outcome.out[i], 0) << c.name << ": element " << i;
      ++rows;
    }
  }
  EXPECT_GT(rows, 0u);
}

// The reference that other tests use is proven here, by the same float64
// values.
TEST(AttentionGolden, TheReferenceAgreesWithFloat64) {
  size_t index = 0;
  for (const AttentionCase& c : Cases()) {
    if (index++ % 8 != 0) continue;
    const AttentionTensors t(c);
    const reference::AttentionShape shape{c.batch,   c.heads, c.kv_heads,
                                          c.queries, c.keys,  c.head_dim,
                                          c.head_dim};
    const double scale =
        c.scale == 0 ? 1 / std::sqrt(1.0 * c.head_dim) : c.scale;
    const auto run = [&](const auto& visible) {
      return reference::Attention(shape, t.q.const_view(), t.k.const_view(),
                                  t.v.const_view(), scale, visible);
    };
    const reference::AttentionResult result =
        c.causal ? run(reference::Causal{c.first_position})
                 : run(reference::SeesAll{});
    ASSERT_EQ(result.out.size(), c.OutputSize());
    for (uint32_t i = 0; i < c.expected.count; ++i) {
      const size_t position = c.expected.first + size_t{i} * c.expected.step;
      ASSERT_NEAR(result.out[position],
                  kAttentionExpected[c.expected.offset + i], 1e-11)
          << c.name << ": element " << position;
    }
  }
}

// Each of the ways that a case can go gives the bits of the one-shot call, and
// so the committed hash.
void ExpectTheBitsOfOneCall(Way way, bool (*goes)(const AttentionCase&)) {
  for (const AttentionCase& c : Cases()) {
    if (!goes(c)) continue;
    ExpectSameBits(c.name, RunChecked(c, way).out,
                   RunChecked(c, Way::kOneShot).out);
  }
}

TEST(AttentionGolden, ACacheGivesTheBitsOfOneCall) {
  ExpectTheBitsOfOneCall(Way::kCache,
                         [](const AttentionCase& c) { return c.batch == 1; });
}

TEST(AttentionGolden, StepsGiveTheBitsOfOneCall) {
  ExpectTheBitsOfOneCall(Way::kSteps, IsStream);
}

TEST(AttentionGolden, ChunksGiveTheBitsOfOneCall) {
  ExpectTheBitsOfOneCall(Way::kChunks, IsStream);
}

}  // namespace
}  // namespace fovea::golden
