// SPDX-License-Identifier: Apache-2.0
// What a partial and merging read of their structs: no more than they say.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <cmath>

#include "fovea/fovea.h"
#include "tests/golden/c_call.h"
#include "tests/library/one_head.h"

namespace fovea {
namespace {

// Of one query and a key each: values 2 and 5, scores 1 and 0 in base 2.
template <class Entry>
struct TwoPartials {
  explicit TwoPartials(size_t struct_bytes) {
    for (size_t i = 0; i < 2; ++i) {
      known(i) = {struct_bytes, {&numerators[i], 0, 0, 1}, &max[i], &sums[i]};
    }
    call.struct_bytes = sizeof(call);
    call.batch = call.heads = call.queries = call.value_dim = 1;
    call.out = {&out, 0, 0, 1};
  }
  fovea_partial& known(size_t i) {
    return *reinterpret_cast<fovea_partial*>(&entries[i]);
  }
  fovea_status Merge(size_t count = 2) {
    return fovea_attention_merge(&call, &known(0), count);
  }

  float numerators[2] = {2, 5}, max[2] = {1, 0}, sums[2] = {1, 1}, out = -1;
  Entry entries[2] = {};
  fovea_attention call = {};
};

TEST(CMerge, ReadsTheCountsItNamesAlone) {
  TwoPartials<fovea_partial> two(sizeof(fovea_partial));
  ASSERT_EQ(two.Merge(), FOVEA_OK);
  EXPECT_EQ(two.out, 3);
  two.call.kv_heads = 7, two.call.head_dim = 1000, two.call.keys = SIZE_MAX;
  EXPECT_EQ(two.Merge(), FOVEA_OK);
  two.out = -1;
  size_t* const counts[] = {&two.call.batch, &two.call.heads, &two.call.queries,
                            &two.call.value_dim};
  for (size_t* const count : counts) {
    *count = 0;
    EXPECT_EQ(two.Merge(), FOVEA_ZERO_COUNT);
    *count = SIZE_MAX;
    EXPECT_NE(two.Merge(), FOVEA_OK);
    *count = 1;
  }
  EXPECT_EQ(two.Merge(0), FOVEA_ZERO_COUNT);
  EXPECT_EQ(two.Merge(65537), FOVEA_TOO_MANY_TOKENS);
  EXPECT_EQ(two.out, -1);
}

// Structs of a later version, one after the other.
TEST(CMerge, ReadsAnArrayOfLongerStructs) {
  struct Longer {
    fovea_partial known;
    size_t unknown;
  };
  TwoPartials<Longer> two(sizeof(Longer));
  ASSERT_EQ(two.Merge(), FOVEA_OK);
  EXPECT_EQ(two.out, 3);
  two.out = -1;
  two.entries[1].unknown = 1;
  EXPECT_EQ(two.Merge(), FOVEA_UNSUPPORTED);
  two.entries[1].unknown = 0;
  two.known(1).struct_bytes = sizeof(fovea_partial);
  EXPECT_EQ(two.Merge(), FOVEA_UNSUPPORTED);
  two.known(1).struct_bytes = SIZE_MAX;
  EXPECT_EQ(two.Merge(), FOVEA_UNSUPPORTED);
  two.known(0).struct_bytes = sizeof(Longer) - 1;
  EXPECT_EQ(two.Merge(), FOVEA_MISALIGNED);
  two.known(0).struct_bytes = sizeof(fovea_partial) - 1;
  EXPECT_EQ(two.Merge(), FOVEA_TOO_SHORT);
  EXPECT_EQ(two.out, -1);
}

// Padding is read where the scores of every key are wanted, and a partial has
// none: NAN there is nobody's.
TEST(CPartial, DoesNotReadWhatItDoesNotWrite) {
  const float q = 1, k[] = {1, NAN}, v[] = {3, NAN};
  const size_t length = 1;
  float numerator = -1, max = -1, sum = -1, scores[] = {-1, -1};
  fovea_attention call = OneHead(&q, k, v, 2, 1, nullptr);
  call.key_lengths = &length;
  call.arithmetic = fovea_int8();
  call.scores = scores, call.score_stage = FOVEA_SCORES_SCALED;
  const golden::Buffer room(fovea_attention_run_workspace_bytes(&call));
  call.workspace = room.get(), call.workspace_bytes = room.bytes();
  const fovea_partial to = {sizeof(to), {&numerator, 0, 0, 1}, &max, &sum};
  ASSERT_EQ(fovea_attention_run_partial(&call, 0, 2, &to), FOVEA_OK);
  EXPECT_NEAR(numerator / sum, 3, 3.0 / 127);
  EXPECT_EQ(scores[0], -1);
}

}  // namespace
}  // namespace fovea
