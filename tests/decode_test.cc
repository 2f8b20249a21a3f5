// SPDX-License-Identifier: Apache-2.0
// A Config of one query: the rows of a kv head are a constant of its kernels.
// Whether they fill a block, part of one or several, a stream has the bits that
// it has by kernels of more queries, whole or in parts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "stream_problem.h"
#include "tests/golden/check.h"
#include "tests/golden/poison.h"

namespace fovea {
namespace {

constexpr size_t kTokens = 150;

template <size_t kGroup, class ElementArg = float, size_t kWindowArg = 0,
          Arithmetic kArithmeticArg = Arithmetic::kFloat>
struct OneQuery : AttentionConfig {
  static constexpr size_t kHeads = 2 * kGroup, kKvHeads = 2, kHeadDim = 20;
  static constexpr size_t kValueDim = 13, kMaxQueries = 1, kMaxKeys = kTokens;
  static constexpr size_t kWindow = kWindowArg;
  static constexpr bool kCausal = true, kLse = true, kRing = kWindowArg != 0;
  static constexpr Arithmetic kArithmetic = kArithmeticArg;
  using CacheElement = ElementArg;
};

template <class Config>
struct TwoQueries : Config {
  static constexpr size_t kMaxQueries = 2;
};

template <class Config>
struct Decode : testing::Test {
  // Fills the problem's outputs.
  template <class AnyConfig>
  void Stream(StreamProblem<AnyConfig>& problem, KvCache<AnyConfig>& cache) {
    constexpr size_t kStep = AnyConfig::kMaxQueries;
    cache.Clear();
    for (size_t t = 0; t < kTokens; t += kStep) {
      ASSERT_EQ(problem.Step(cache, t, kStep), Status::kOk);
    }
  }
};

using Configs = testing::Types<OneQuery<1>, OneQuery<3>, OneQuery<35>,
                               OneQuery<17, hwy::bfloat16_t, 40>,
                               OneQuery<1, int8_t>, OneQuery<5, int8_t>,
                               OneQuery<1, int8_t, 0, Arithmetic::kInt8>,
                               OneQuery<5, int8_t, 0, Arithmetic::kInt8Scores>>;
TYPED_TEST_SUITE(Decode, Configs);

TYPED_TEST(Decode, HasTheBitsOfMoreQueries) {
  using Two = TwoQueries<TypeParam>;
  StreamProblem<TypeParam> one(kTokens);
  StreamProblem<Two> two(kTokens);
  this->Stream(one, *golden::MakePoisoned<KvCache<TypeParam>>());
  this->Stream(two, *golden::MakePoisoned<KvCache<Two>>());
  golden::ExpectSameBits("out", one.out, two.out);
  golden::ExpectSameBits("lse", one.lse, two.lse);
}

TYPED_TEST(Decode, HasTheSameBitsInParts) {
  using Attention = fovea::Attention<TypeParam>;
  StreamProblem<TypeParam> problem(kTokens);
  const auto cache = golden::MakePoisoned<KvCache<TypeParam>>();
  const auto workspace = golden::MakePoisoned<typename Attention::Workspace>();
  this->Stream(problem, *cache);
  const std::vector<float> whole = problem.out;
  typename Attention::Call call;
  problem.Fill(call, kTokens - 1, 1);
  call.first_position = kTokens - 1;
  for (size_t parts = 1; parts < 6; ++parts) {
    std::fill_n(call.out.data, TypeParam::kHeads * TypeParam::kValueDim, 99.0f);
    for (size_t part = parts; part-- > 0;) {
      ASSERT_EQ(Attention::Attend(call, *cache, *workspace, part, parts),
                Status::kOk);
    }
    SCOPED_TRACE(parts);
    golden::ExpectSameBits("parts", problem.out, whole);
  }
}

}  // namespace
}  // namespace fovea
