// SPDX-License-Identifier: Apache-2.0
// The SwiGLU feed-forward against float64 and against its own bits.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "fovea/feed_forward.h"
#include "fovea/status.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/poison.h"
#include "tests/golden/tensor.h"
#include "tests/golden/weights.h"

namespace fovea::golden {
namespace {

struct FeedForwardCase {
  const char* name;
  uint16_t width, hidden, tokens;
  float widen_factor, narrow_factor;
  uint64_t seed;
  Expected expected;
};

#include "tests/golden/feed_forward.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/feed_forward_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/feed_forward_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

constexpr size_t kMostTokens = 64;  // of any case

// Runs kMaxTokens at a time, in place or not.
template <size_t kWidth, size_t kHidden, size_t kMaxTokens>
std::vector<float> RunLayer(const FeedForwardCase& c, bool in_place) {
  using Layer = FeedForward<kWidth, kHidden, kMaxTokens>;
  const size_t size = size_t{c.width} * c.hidden;
  const PackedLayer gate(Values(c.seed, 1, size, c.widen_factor), kWidth,
                         kHidden);
  const PackedLayer up(Values(c.seed, 2, size, c.widen_factor), kWidth,
                       kHidden);
  const PackedLayer down(Values(c.seed, 3, size, c.narrow_factor), kHidden,
                         kWidth);
  typename Layer::Weights weights;
  weights.gate = gate.weights();
  weights.up = up.weights();
  weights.down = down.weights();
  Tensor x = PaddedRows(c.tokens, c.width, 3,
                        Values(c.seed, 0, size_t{c.tokens} * c.width));
  Tensor y = PaddedRows(c.tokens, c.width, 5);
  Tensor& written = in_place ? x : y;
  const auto workspace = MakePoisoned<typename Layer::Workspace>();
  for (size_t first = 0; first < c.tokens; first += kMaxTokens) {
    const size_t left = c.tokens - first;
    const View<const float> in = x.const_view(first);
    const View<float> out = written.view(first);
    const Status status = Layer::Run(weights, in.data, in.token_stride,
                                     left < kMaxTokens ? left : kMaxTokens,
                                     out.data, out.token_stride, *workspace);
    EXPECT_EQ(status, Status::kOk) << c.name;
  }
  EXPECT_TRUE(written.PaddingIsUntouched()) << c.name;
  return written.Flat();
}

enum class Way : uint8_t { kAtOnce, kInPlace, kTokenByToken };

std::vector<float> Output(const FeedForwardCase& c, Way way) {
#define FOVEA_FEED_FORWARD_CONFIG(width_, hidden_)                             \
  if (c.width == width_ && c.hidden == hidden_) {                              \
    return way == Way::kTokenByToken ? RunLayer<width_, hidden_, 1>(c, false)  \
                                     : RunLayer<width_, hidden_, kMostTokens>( \
                                           c, way == Way::kInPlace);           \
  }
#include "tests/golden/feed_forward_configs.inc"
#undef FOVEA_FEED_FORWARD_CONFIG
  ADD_FAILURE() << c.name << ": no such configuration";
  return {};
}

TEST(FeedForwardGolden, IsAsExactAsPyTorchAndHasTheCommittedBits) {
  ExpectGolden(
      "feed_forward", kFeedForwardCases, kFeedForwardExpected, kHashes,
      [](const FeedForwardCase& c) { return Output(c, Way::kAtOnce); });
}

TEST(FeedForwardGolden, TokenByTokenAndInPlaceGiveTheSameBits) {
  for (const FeedForwardCase& c : kFeedForwardCases) {
    const std::vector<float> whole = Output(c, Way::kAtOnce);
    ExpectSameBits(c.name, Output(c, Way::kTokenByToken), whole);
    ExpectSameBits(c.name, Output(c, Way::kInPlace), whole);
  }
}

}  // namespace
}  // namespace fovea::golden
