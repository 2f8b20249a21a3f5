// SPDX-License-Identifier: Apache-2.0
// The ends of what the C interface says that it takes.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <cfloat>
#include <cmath>
#include <vector>

#include "fovea/fovea.h"
#include "tests/golden/c_call.h"
#include "tests/library/one_head.h"

namespace fovea {
namespace {

using golden::Buffer;
using golden::CCache;

// The lse of one query at a position and two keys that are alike but for ALiBi.
float LseAt(int64_t position, float slope) {
  const float q = 1, k[] = {0, 0}, v[] = {1, 2};
  float out = 0, lse = 0;
  fovea_attention call = OneHead(&q, k, v, 2, 1, &out);
  call.lse = &lse;
  call.first_position = position;
  call.alibi_slopes = &slope;
  const Buffer room(fovea_attention_run_workspace_bytes(&call));
  call.workspace = room.get(), call.workspace_bytes = room.bytes();
  EXPECT_EQ(fovea_attention_run(&call), FOVEA_OK);
  return lse;
}

TEST(CExtremes, AlibiCountsPositionsBeyondTheFarthestAsIt) {
  constexpr float kSlope = 1e-8f;
  constexpr int64_t kFarthest = int64_t{1} << 30;
  for (const int64_t position : {kFarthest / 2, kFarthest}) {
    const double distance = static_cast<double>(position);
    const double expected = std::log(2) - double{kSlope} * distance;
    EXPECT_NEAR(LseAt(position, kSlope), expected, 1e-5);
    EXPECT_NEAR(LseAt(-position, kSlope), expected, 1e-5);
  }
  for (const int64_t further :
       {kFarthest + 1, 2 * kFarthest, 4 * kFarthest + 5, INT64_MAX}) {
    EXPECT_EQ(LseAt(further, kSlope), LseAt(kFarthest, kSlope));
    EXPECT_EQ(LseAt(-further, kSlope), LseAt(-kFarthest, kSlope));
  }
}

// Rows that no memory has: as many as there are bytes, or that far apart.
TEST(CExtremes, RowsWithoutAnAddressAreRefused) {
  const float x[2] = {1, 2};
  float y[2] = {-1, -1};
  fovea_softmax softmax = {};
  softmax.struct_bytes = sizeof(softmax);
  softmax.x = x, softmax.y = y, softmax.scale = 1;
  softmax.x_stride = softmax.y_stride = softmax.count = 1;
  softmax.rows = SIZE_MAX;
  EXPECT_EQ(fovea_softmax_run(&softmax), FOVEA_BAD_STRIDE);
  softmax.rows = 2, softmax.x_stride = SIZE_MAX;
  EXPECT_EQ(fovea_softmax_run(&softmax), FOVEA_BAD_STRIDE);
  softmax.x_stride = 1;
  EXPECT_EQ(y[0], -1);
  EXPECT_EQ(fovea_softmax_run(&softmax), FOVEA_OK);

  fovea_attention call = OneHead(x, x, x, 2, 1, y);
  const Buffer room(fovea_attention_run_workspace_bytes(&call));
  call.workspace = room.get(), call.workspace_bytes = room.bytes();
  const uint8_t shown[2] = {1, 1};
  call.mask = {shown, 0, 0, SIZE_MAX};  // of one row: not read
  ASSERT_EQ(fovea_attention_run(&call), FOVEA_OK);
  y[0] = -1;
  call.k.token_stride = SIZE_MAX / sizeof(float);
  EXPECT_EQ(fovea_attention_run(&call), FOVEA_BAD_STRIDE);
  call.k.token_stride = 1, call.queries = 2;
  EXPECT_EQ(fovea_attention_run(&call), FOVEA_BAD_STRIDE);
  EXPECT_EQ(y[0], -1);
}

// Keys of the largest magnitude with means of the other sign: stored entries
// of FLT_MAX.  Queries are small enough for scores that float has too.
class LargestKeys : public testing::TestWithParam<float> {};

TEST_P(LargestKeys, HaveScalesInInt8) {
  constexpr size_t kTokens = 200, kDim = 4, kFirst = 16;
  const float most = GetParam();
  std::vector<float> k, q(kDim, 1e-38f);
  const std::vector<float> v(kTokens, 1.0f);
  for (size_t t = 0; t < kTokens; ++t) {
    const float sign = t < kFirst ? 1.0f : -1.0f;
    const float entries[kDim] = {-sign * most, t < 64 ? most : -most,
                                 sign * most, sign * most};
    k.insert(k.end(), entries, entries + kDim);
    if (t < kFirst) k[t * kDim + 1] *= 0.99f;
  }
  const fovea_arithmetic* arithmetics[] = {nullptr, fovea_int8_scores(),
                                           fovea_int8()};
  for (const fovea_arithmetic* arithmetic : arithmetics) {
    float out = NAN, lse = NAN;
    fovea_attention call =
        OneHead(q.data(), k.data(), v.data(), kTokens, kDim, &out);
    call.arithmetic = arithmetic, call.lse = &lse;
    if (arithmetic != nullptr) {
      const Buffer room(fovea_attention_run_workspace_bytes(&call));
      call.workspace = room.get(), call.workspace_bytes = room.bytes();
      ASSERT_EQ(fovea_attention_run(&call), FOVEA_OK);
      EXPECT_NEAR(out, 1, 0.02);
      EXPECT_TRUE(std::isfinite(lse)) << lse;
    }

    fovea_cache_shape shape = CCache::ShapeOf(call, kTokens, FOVEA_INT8);
    shape.arithmetic = arithmetic;
    const CCache cache(shape);
    ASSERT_EQ(cache.status, FOVEA_OK);
    ASSERT_EQ(fovea_cache_append(cache.cache, call.k, call.v, kTokens),
              FOVEA_OK);
    const Buffer saved(fovea_cache_saved_bytes(cache.cache));
    ASSERT_EQ(fovea_cache_save(cache.cache, saved.get(), saved.bytes()),
              FOVEA_OK);
    ASSERT_EQ(fovea_cache_restore(cache.cache, saved.get(), saved.bytes()),
              FOVEA_OK);
    const Buffer room(fovea_cache_workspace_bytes(cache.cache));
    call.workspace = room.get(), call.workspace_bytes = room.bytes();
    out = lse = NAN;
    ASSERT_EQ(fovea_cache_attend(cache.cache, &call), FOVEA_OK);
    EXPECT_NEAR(out, 1, 0.02);
    EXPECT_TRUE(std::isfinite(lse)) << lse;
  }
}

INSTANTIATE_TEST_SUITE_P(CExtremes, LargestKeys,
                         testing::Values(FLT_MAX / 2, 0.999f * FLT_MAX / 2,
                                         FLT_MAX / 4));

}  // namespace
}  // namespace fovea
