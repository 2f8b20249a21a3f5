// SPDX-License-Identifier: Apache-2.0
// Two translation units of one program, compiled for AVX2 and for AVX-512,
// share no symbol: each runs its own kernels, with the same bits.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

struct TwoTargetsResult {
  const char* target;
  uint64_t hash;
};
TwoTargetsResult RunAvx2();
TwoTargetsResult RunAvx512();

TEST(TwoTargets, EachRunsItsOwnKernelsWithTheSameBits) {
  const TwoTargetsResult avx2 = RunAvx2();
  const TwoTargetsResult avx512 = RunAvx512();
  EXPECT_STREQ(avx2.target, "AVX2");
  EXPECT_EQ(std::strncmp(avx512.target, "AVX3", 4), 0) << avx512.target;
  EXPECT_EQ(avx2.hash, avx512.hash);
}
