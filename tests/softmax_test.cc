// SPDX-License-Identifier: Apache-2.0
// Masks, special values and bad input of softmax.  Its accuracy is tested in
// softmax_golden_test.cc.
#include "fovea/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "sweep.h"

namespace {

using fovea::Status;
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kMost = std::numeric_limits<float>::max();
constexpr float kDenormal = std::numeric_limits<float>::denorm_min();

// A row with a vector's tail, one of several panels, and one of several tiles.
constexpr size_t kCounts[] = {1, 5, 37, 64, 200};

using Mask = std::vector<uint8_t>;

std::vector<float> Waves(size_t count) {
  std::vector<float> x(count);
  for (size_t i = 0; i < count; ++i) {
    x[i] = 9.0f * std::sin(static_cast<float>(i) * 0.7f);
  }
  return x;
}

std::vector<float> Softmax(const std::vector<float>& x, float scale = 1,
                           const Mask& mask = {}) {
  std::vector<float> y(x.size(), 12345.0f);
  EXPECT_EQ(fovea::Softmax(x.data(), x.size(), scale, y.data(),
                           mask.empty() ? nullptr : mask.data()),
            Status::kOk);
  return y;
}

std::vector<float> LogSoftmax(const std::vector<float>& x, float scale = 1,
                              const Mask& mask = {}) {
  std::vector<float> y(x.size(), 12345.0f);
  EXPECT_EQ(fovea::LogSoftmax(x.data(), x.size(), scale, y.data(),
                              mask.empty() ? nullptr : mask.data()),
            Status::kOk);
  return y;
}

// All the bits, so that -0 is not 0 and NaN is NaN.
bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// The smallest probability has the relative error of the largest.
TEST(Softmax, IsRelativelyExactAtEveryLength) {
  for (size_t count = 1; count <= 140; ++count) {
    for (const float scale : {1.0f, 0.25f, -1.5f}) {
      const auto x = Waves(count);
      const auto y = Softmax(x, scale);
      const auto log = LogSoftmax(x, scale);
      double max = -1e300, sum = 0;
      for (const float v : x) max = std::fmax(max, double{scale} * v);
      for (const float v : x) sum += std::exp(double{scale} * v - max);
      for (size_t i = 0; i < count; ++i) {
        const double want = double{scale} * x[i] - max - std::log(sum);
        // Two logits of up to 13.5 round by 8 * 2^-24, their difference and the
        // logarithm by 16.
        EXPECT_NEAR(log[i], want, 50 * 0x1p-24) << count << " " << i;
        constexpr double kUlps = sweep::MostUlps(40, 120);  // see exp2-inl.h
        EXPECT_NEAR(y[i] / std::exp(want), 1, kUlps * 0x1p-24) << count;
      }
    }
  }
}

TEST(Softmax, InPlaceGivesTheSameBits) {
  for (const size_t count : kCounts) {
    const auto x = Waves(count);
    auto y = x;
    ASSERT_EQ(fovea::Softmax(y.data(), count, 1.0f, y.data()), Status::kOk);
    EXPECT_TRUE(SameBits(y, Softmax(x))) << count;
    y = x;
    ASSERT_EQ(fovea::LogSoftmax(y.data(), count, 1.0f, y.data()), Status::kOk);
    EXPECT_TRUE(SameBits(y, LogSoftmax(x))) << count;
  }
}

// NaN or infinity under the mask, at any place, is as if it were not there.
TEST(Softmax, MaskedEntriesNeverLeak) {
  for (const size_t count : kCounts) {
    for (const float hidden : {kNan, kInf, -kInf, kMost, 1e30f}) {
      const auto x = Waves(count);
      for (size_t at = 0; at < count; ++at) {
        Mask mask(count, 0xff);
        mask[at] = 0;
        auto poisoned = x, missing = x;
        poisoned[at] = hidden;
        missing[at] = -kInf;
        const auto y = Softmax(poisoned, 1, mask);
        EXPECT_TRUE(SameBits(y, Softmax(missing))) << count << " " << at;
        EXPECT_EQ(y[at], 0.0f);
        const auto log = LogSoftmax(poisoned, 1, mask);
        EXPECT_TRUE(SameBits(log, LogSoftmax(missing))) << count << " " << at;
        EXPECT_EQ(log[at], -kInf);
      }
    }
  }
}

TEST(Softmax, AnyNonzeroByteShows) {
  const auto x = Waves(5);
  EXPECT_TRUE(SameBits(Softmax(x, 1, {1, 2, 0x80, 0xff, 0x10}), Softmax(x)));
}

TEST(Softmax, WithoutAVisibleEntryAllAreZero) {
  for (const size_t count : kCounts) {
    const std::vector<float> zeros(count, 0.0f), logs(count, -kInf);
    const Mask nothing(count, 0);
    const std::vector<float> nans(count, kNan), none(count, -kInf);
    EXPECT_TRUE(SameBits(Softmax(nans, 1, nothing), zeros));
    EXPECT_TRUE(SameBits(LogSoftmax(nans, 1, nothing), logs));
    EXPECT_TRUE(SameBits(Softmax(none), zeros));
    EXPECT_TRUE(SameBits(LogSoftmax(none), logs));
  }
}

// In every lane and tile, also where another entry is masked or -inf: those
// keep their 0.
TEST(Softmax, VisibleNanOrPlusInfinityReachesEveryVisibleEntry) {
  for (const size_t count : kCounts) {
    for (const float bad : {kNan, kInf}) {
      for (size_t at = 0; at < count; ++at) {
        auto x = Waves(count);
        const size_t masked = (at + 1) % count, none = (at + 2) % count;
        Mask mask(count, 1);
        mask[masked] = 0;
        x[none] = -kInf;
        x[at] = bad;
        mask[at] = 1;
        const auto y = Softmax(x, 1, mask), log = LogSoftmax(x, 1, mask);
        for (size_t i = 0; i < count; ++i) {
          const bool hidden = i != at && (i == masked || i == none);
          EXPECT_TRUE(hidden ? y[i] == 0 : std::isnan(y[i])) << i;
          EXPECT_TRUE(hidden ? log[i] == -kInf : std::isnan(log[i])) << i;
        }
      }
    }
  }
}

TEST(Softmax, OneEntryIsCertain) {
  for (const float x : {0.0f, -0.0f, 3.0f, -kMost, kMost, kDenormal}) {
    EXPECT_TRUE(SameBits(Softmax({x}), {1.0f})) << x;
    EXPECT_TRUE(SameBits(LogSoftmax({x}), {0.0f})) << x;
  }
}

TEST(Softmax, ZerosOfBothSignsAndDenormalsAreEqualLogits) {
  const std::vector<float> x = {0.0f, -0.0f, kDenormal, -kDenormal};
  EXPECT_TRUE(SameBits(Softmax(x), {0.25f, 0.25f, 0.25f, 0.25f}));
  const float log = -1.38629436f;  // ln(1/4)
  EXPECT_TRUE(SameBits(LogSoftmax(x), {log, log, log, log}));
}

TEST(Softmax, TheLargestLogitsDoNotOverflow) {
  const std::vector<float> x = {kMost, -kMost, kMost, 0.0f};
  EXPECT_TRUE(SameBits(Softmax(x), {0.5f, 0.0f, 0.5f, 0.0f}));
  const auto log = LogSoftmax(x);
  EXPECT_EQ(log[0], -0.693147182f);
  EXPECT_EQ(log[1], -kInf);  // -2 * kMost
  EXPECT_EQ(log[3], -kMost);
  // Also where the largest of all comes last, in another tile.
  std::vector<float> rising(130, -kMost);
  rising[129] = kMost;
  std::vector<float> last(130, 0.0f);
  last[129] = 1.0f;
  EXPECT_TRUE(SameBits(Softmax(rising), last));
  // -kMost is a logit like any other, not a mask.
  EXPECT_TRUE(SameBits(Softmax({-kMost, -kMost}), {0.5f, 0.5f}));
}

TEST(Softmax, ScaleZeroIsUniform) {
  const Mask mask = {1, 0, 1, 1, 1};
  EXPECT_TRUE(SameBits(Softmax({3.0f, kNan, -9.0f, kMost, 0.0f}, 0, mask),
                       {0.25f, 0.0f, 0.25f, 0.25f, 0.25f}));
}

TEST(Softmax, ManyRowsShareAMaskOrHaveTheirOwn) {
  constexpr size_t kRows = 3, kCount = 19, kStride = 23;
  const auto x = Waves(kRows * kStride);
  Mask masks(kRows * kStride, 1);
  masks[4] = masks[kStride + 7] = masks[2 * kStride] = 0;
  for (const size_t mask_stride : {size_t{0}, kStride}) {
    std::vector<float> y(kRows * 20, 12345.0f);
    fovea::SoftmaxCall call;
    call.x = x.data(), call.x_stride = kStride;
    call.y = y.data(), call.y_stride = 20;
    call.rows = kRows, call.count = kCount, call.scale = 0.5f;
    call.mask = masks.data(), call.mask_stride = mask_stride;
    ASSERT_EQ(fovea::Softmax(call), Status::kOk);
    for (size_t row = 0; row < kRows; ++row) {
      const float* from = x.data() + row * kStride;
      const uint8_t* mask = masks.data() + row * mask_stride;
      const auto want =
          Softmax({from, from + kCount}, 0.5f, Mask(mask, mask + kCount));
      const float* got = y.data() + row * 20;
      EXPECT_TRUE(SameBits({got, got + kCount}, want)) << row;
      EXPECT_EQ(got[kCount], 12345.0f);
    }
  }
}

TEST(Softmax, BadInputWritesNothing) {
  std::vector<float> x = Waves(8), y(9, 12345.0f);
  const auto before = y;
  const Mask mask(8, 1);
  fovea::SoftmaxCall good;
  good.x = x.data(), good.x_stride = 4, good.rows = 2, good.count = 4;
  good.y = y.data(), good.y_stride = 4;
  good.mask = mask.data(), good.mask_stride = 4;
  const auto expect = [&](Status status, const auto& change) {
    auto call = good;
    change(call);
    EXPECT_EQ(fovea::Softmax(call), status);
    EXPECT_EQ(fovea::LogSoftmax(call), status);
    EXPECT_EQ(y, before);
  };
  expect(Status::kNullPointer, [](auto& c) { c.x = nullptr; });
  expect(Status::kNullPointer, [](auto& c) { c.y = nullptr; });
  expect(Status::kZeroCount, [](auto& c) { c.rows = 0; });
  expect(Status::kZeroCount, [](auto& c) { c.count = 0; });
  expect(Status::kBadStride, [](auto& c) { c.x_stride = 3; });
  expect(Status::kBadStride, [](auto& c) { c.x_stride = 0; });
  expect(Status::kBadStride, [](auto& c) { c.y_stride = 3; });
  expect(Status::kBadStride, [](auto& c) { c.mask_stride = 3; });
  expect(Status::kBadScale, [](auto& c) { c.scale = kInf; });
  expect(Status::kBadScale, [](auto& c) { c.scale = -kInf; });
  expect(Status::kBadScale, [](auto& c) { c.scale = kNan; });
  const auto bytes = [](auto* p) { return reinterpret_cast<uintptr_t>(p); };
  expect(Status::kMisaligned, [&](auto& c) {
    c.x = reinterpret_cast<const float*>(bytes(c.x) + 1);
  });
  expect(Status::kMisaligned,
         [&](auto& c) { c.y = reinterpret_cast<float*>(bytes(c.y) + 1); });
  EXPECT_EQ(fovea::Softmax(good), Status::kOk);
  EXPECT_EQ(fovea::LogSoftmax(good), Status::kOk);
}

TEST(Softmax, BadInputOfOneRow) {
  float x[2] = {1.0f, 2.0f};
  EXPECT_EQ(fovea::Softmax(nullptr, 2, 1.0f, x), Status::kNullPointer);
  EXPECT_EQ(fovea::Softmax(x, 2, 1.0f, nullptr), Status::kNullPointer);
  EXPECT_EQ(fovea::Softmax(x, 0, 1.0f, x), Status::kZeroCount);
  EXPECT_EQ(fovea::LogSoftmax(x, 2, kInf, x), Status::kBadScale);
  EXPECT_EQ(x[0], 1.0f);
  EXPECT_EQ(x[1], 2.0f);
}

}  // namespace
