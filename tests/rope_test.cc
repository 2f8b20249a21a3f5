// SPDX-License-Identifier: Apache-2.0
// The accuracy that rope.h and rope-inl.h state: of the angles, in extended
// precision, and of their sines and cosines.
#include "fovea/rope.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "golden/hash_class.h"

namespace {

using fovea::RopeOptions;
using fovea::RopeScaling;

constexpr long double kTwoPi = 6.28318530717958647692528676655900577L;

// The largest error of an angle, in radians, at positions up to 2^24.
template <size_t kDim>
double WorstAngle(const RopeOptions& options) {
  const fovea::Rope<kDim> rope(options);
  long double base = options.base;
  if (options.scaling == RopeScaling::kNtk && kDim > 2) {
    base *= std::pow(static_cast<long double>(options.factor),
                     static_cast<long double>(kDim) / (kDim - 2));
  }
  const long double divisor =
      options.scaling == RopeScaling::kLinear ? options.factor : 1;
  long double worst = 0;
  for (size_t pair = 0; pair < kDim / 2; ++pair) {
    const long double exponent = -2.0L * static_cast<long double>(pair) / kDim;
    const long double rate = std::pow(base, exponent) / divisor / kTwoPi;
    const auto check = [&](uint64_t position) {
      const long double turns = static_cast<long double>(position) * rate;
      const long double got = rope.PhaseAt(position, pair) * 0x1p-32L;
      const long double off = turns - got;
      worst = std::max(worst, std::fabs(off - std::nearbyint(off)) * kTwoPi);
    };
    // 4099 is odd and prime: all residues of small powers of two come up.
    for (uint64_t position = 0; position < 1 << 24; position += 4099) {
      check(position);
    }
    for (uint64_t near : {1 << 23, 1 << 24}) {
      for (uint64_t back = 0; back < 16; ++back) check(near - back);
    }
  }
  return static_cast<double>(worst);
}

TEST(RopeAngles, WithinTheirBoundUpToPosition2To24) {
  if (LDBL_MANT_DIG < 64) GTEST_SKIP() << "long double is double here";
  double worst = 0;
  // 10 and 100 have the worst rates of the bases that were tried.
  for (const double base : {10.0, 100.0, 10000.0, 500000.0, 1e6, 1e18}) {
    for (const RopeOptions& options :
         {RopeOptions{base}, RopeOptions{base, RopeScaling::kLinear, 3.0},
          RopeOptions{base, RopeScaling::kNtk, 8.0},
          RopeOptions{base, RopeScaling::kNtk, 1e18}}) {
      worst = std::max({worst, WorstAngle<2>(options), WorstAngle<64>(options),
                        WorstAngle<104>(options), WorstAngle<208>(options)});
      EXPECT_LE(worst, 1e-8)
          << "base " << base << ", scaling "
          << static_cast<int>(options.scaling) << " by " << options.factor;
    }
  }
  std::printf("angles: at most %.2e radians off\n", worst);
}

// The largest error of a sine or cosine over phases with a stride, and at the
// ends of every eighth of a turn.
TEST(RopeSinCos, WithinTheirBound) {
  constexpr size_t kBatch = 16;
  double worst = 0;
  const auto check = [&](uint64_t first, uint64_t stride) {
    int32_t phases[kBatch];
    float sin[kBatch], cos[kBatch];
    for (size_t i = 0; i < kBatch; ++i) {
      phases[i] =
          static_cast<int32_t>(static_cast<uint32_t>(first + i * stride));
    }
    fovea::HWY_NAMESPACE::SinCosOf(phases, kBatch, sin, cos);
    for (size_t i = 0; i < kBatch; ++i) {
      const double angle = phases[i] * (0x1p-32 * static_cast<double>(kTwoPi));
      worst = std::max({worst, std::fabs(sin[i] - std::sin(angle)),
                        std::fabs(cos[i] - std::cos(angle))});
    }
  };
  constexpr uint64_t kStride = 1009;
  for (uint64_t at = 0; at < uint64_t{1} << 32; at += kBatch * kStride) {
    check(at, kStride);
  }
  for (uint64_t eighth = 0; eighth < 8; ++eighth) {
    check((eighth << 29) - kBatch / 2, 1);
  }
  using fovea::golden::HashClass;
  const bool fused = fovea::golden::kHashClass == HashClass::kFused;
  EXPECT_LE(worst * 0x1p24, fused ? 1.5 : 2.5);
  std::printf("sine and cosine: at most %.3f * 2^-24 off\n", worst * 0x1p24);
}

}  // namespace
