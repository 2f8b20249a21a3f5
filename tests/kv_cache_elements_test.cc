// SPDX-License-Identifier: Apache-2.0
// Caches that store 16 bits an element: rounding, exact reading, and the bits
// of a prefill of what they store.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kernels/stored-inl.h"
#include "fovea/kv_cache.h"
#include "fovea/stored.h"
#include "stream_problem.h"
#include "sweep.h"
#include "tests/golden/reduced.h"

namespace fovea {
namespace {

namespace kernels = HWY_NAMESPACE;

constexpr float kInf = std::numeric_limits<float>::infinity();

// ------------------------------------------------------------------ reading

// What 16 bits stand for: sign, exponent, mantissa.
double ValueOf(uint16_t bits, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = bits >> mantissa_bits & ((1 << exponent_bits) - 1);
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const double sign = bits >> 15 ? -1.0 : 1.0;
  if (exponent == (1 << exponent_bits) - 1) {
    return mantissa ? std::numeric_limits<double>::quiet_NaN()
                    : sign * std::numeric_limits<double>::infinity();
  }
  const int whole = exponent ? mantissa + (1 << mantissa_bits) : mantissa;
  const int scale = (exponent ? exponent : 1) - bias - mantissa_bits;
  return sign * std::ldexp(static_cast<double>(whole), scale);
}

template <class Element>
struct Format;
template <>
struct Format<hwy::bfloat16_t> {
  static constexpr int kExponentBits = 8, kMantissaBits = 7;
};
template <>
struct Format<hwy::float16_t> {
  static constexpr int kExponentBits = 5, kMantissaBits = 10;
};

template <class Element>
double ValueOf(uint16_t bits) {
  return ValueOf(bits, Format<Element>::kExponentBits,
                 Format<Element>::kMantissaBits);
}

template <class Element>
class KvCacheElements : public testing::Test {};
using Elements = testing::Types<hwy::bfloat16_t, hwy::float16_t>;
TYPED_TEST_SUITE(KvCacheElements, Elements);

TYPED_TEST(KvCacheElements, EveryOneIsReadExactly) {
  namespace hn = hwy::HWY_NAMESPACE;
  const kernels::FloatTag d;
  constexpr size_t kPerBatch = 16;
  TypeParam stored[kPerBatch];
  float all[kPerBatch], one[kernels::kMaxLanes];
  for (uint32_t first = 0; first < 65536; first += kPerBatch) {
    for (uint32_t i = 0; i < kPerBatch; ++i) {
      const uint16_t bits = static_cast<uint16_t>(first + i);
      std::memcpy(&stored[i], &bits, sizeof(bits));
    }
    for (size_t i = 0; i < kPerBatch; i += hn::Lanes(d)) {
      hn::StoreU(kernels::LoadFloats(stored + i), d, all + i);
    }
    for (uint32_t i = 0; i < kPerBatch; ++i) {
      const double expected =
          ValueOf<TypeParam>(static_cast<uint16_t>(first + i));
      hn::StoreU(kernels::LoadFloats(stored + i, 1), d, one);
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(all[i]) && std::isnan(one[0])) << first + i;
      } else {
        const float exact = static_cast<float>(expected);
        ASSERT_EQ(golden::BitsOf(all[i]), golden::BitsOf(exact)) << first + i;
        ASSERT_EQ(golden::BitsOf(one[0]), golden::BitsOf(exact)) << first + i;
      }
    }
  }
}

// ----------------------------------------------------------------- rounding

template <class Element>
uint16_t BitsOfStored(float x) {
  Element stored;
  Store(x, stored);
  uint16_t bits;
  std::memcpy(&bits, &stored, sizeof(bits));
  return bits;
}

// Every float's neighbours: no value of the format is nearer, and of two as
// near the even one is taken.
template <class Element>
void ExpectNearest(float x) {
  const uint16_t bits = BitsOfStored<Element>(x);
  ASSERT_EQ(bits >> 15 != 0, std::signbit(x)) << x;
  const double got = ValueOf<Element>(bits);
  const double error = std::fabs(got - double{x});
  for (const int step : {-1, 1}) {
    const uint16_t other = static_cast<uint16_t>(bits + step);
    if ((other ^ bits) >> 15) continue;  // beyond zero
    const double value = ValueOf<Element>(other);
    if (std::isnan(value)) continue;
    // An infinity stands where the next value would.
    const auto place = [](double v) {
      const uint16_t largest = Format<Element>::kMantissaBits == 7
                                   ? uint16_t{0x7f7f}
                                   : uint16_t{0x7bff};
      const uint16_t before = static_cast<uint16_t>(largest - 1);
      const double last = ValueOf<Element>(largest);
      if (!std::isinf(v)) return v;
      return std::copysign(2 * last - ValueOf<Element>(before), v);
    };
    const double other_error = std::fabs(place(value) - double{x});
    const double own_error =
        std::isinf(got) ? std::fabs(place(got) - double{x}) : error;
    const bool right =
        own_error < other_error ||
        (own_error == other_error && bits % 2 == 0) ||
        (std::isinf(got) && std::fabs(double{x}) > std::fabs(place(got)));
    ASSERT_TRUE(right) << std::hexfloat << x << " to " << std::hex << bits;
  }
}

TYPED_TEST(KvCacheElements, RoundToTheNearest) {
  // Every 4099th float, and all around each value and each middle.
  const uint64_t step = 4099 * uint64_t{sweep::Step()};
  for (uint64_t bits = 0; bits < 0x7f800000u; bits += step) {
    const float x = sweep::FloatOf(static_cast<uint32_t>(bits));
    ExpectNearest<TypeParam>(x);
    ExpectNearest<TypeParam>(-x);
  }
  for (uint32_t half = 0; half < 0x7fffu; half += sweep::Step()) {
    const double value = ValueOf<TypeParam>(static_cast<uint16_t>(half));
    const double next = ValueOf<TypeParam>(static_cast<uint16_t>(half + 1));
    if (!std::isfinite(value) || !std::isfinite(next)) continue;
    const float middle = static_cast<float>((value + next) / 2);
    for (const float x : {static_cast<float>(value), middle}) {
      ExpectNearest<TypeParam>(x);
      ExpectNearest<TypeParam>(std::nextafter(x, kInf));
      if (x > 0) ExpectNearest<TypeParam>(std::nextafter(x, 0.0f));
    }
  }
}

TYPED_TEST(KvCacheElements, SpecialValues) {
  constexpr float kMost = std::numeric_limits<float>::max();
  EXPECT_EQ(ValueOf<TypeParam>(BitsOfStored<TypeParam>(kMost)), double{kInf});
  EXPECT_EQ(ValueOf<TypeParam>(BitsOfStored<TypeParam>(-kMost)), -double{kInf});
  EXPECT_EQ(ValueOf<TypeParam>(BitsOfStored<TypeParam>(kInf)), double{kInf});
  EXPECT_EQ(BitsOfStored<TypeParam>(0.0f), 0u);
  EXPECT_EQ(BitsOfStored<TypeParam>(-0.0f), 0x8000u);
  // NaN stays NaN, also where the upper bits of its payload are zeros.
  for (const uint32_t bits : {0x7fc00000u, 0xffc00000u, 0x7f800001u}) {
    EXPECT_TRUE(std::isnan(
        ValueOf<TypeParam>(BitsOfStored<TypeParam>(sweep::FloatOf(bits)))));
  }
}

// ---------------------------------------------------------------- attention

constexpr size_t kTokens = 300;

// Not `Element`: that is the config's.
template <class Stored, size_t kHeadDimArg, size_t kValueDimArg,
          size_t kKvHeadsArg>
struct Full : AttentionConfig {
  using CacheElement = Stored;
  static constexpr size_t kHeads = 4, kKvHeads = kKvHeadsArg;
  static constexpr size_t kHeadDim = kHeadDimArg, kValueDim = kValueDimArg;
  static constexpr size_t kMaxQueries = 97, kMaxKeys = kTokens;
  static constexpr bool kCausal = true, kLse = true;
};

template <class Config>
void AnyCutGivesThePrefill() {
  static_assert(sizeof(KvCache<Config>) <=
                    sizeof(KvCache<Full<float, Config::kHeadDim,
                                        Config::kValueDim, Config::kKvHeads>>) *
                        0.6,
                "half the memory");
  StreamProblem<Config> whole(kTokens), stream(kTokens);
  whole.template Prefill<kTokens>();
  for (const uint32_t seed : {1u, 2u, 3u}) {
    const auto cache = golden::MakePoisoned<KvCache<Config>>();
    cache->Clear();
    Dice dice(seed);
    for (size_t at = 0; at < kTokens;) {
      // The first cut is single tokens.
      const size_t most = seed == 1 ? 1 : std::min<size_t>(97, kTokens - at);
      const size_t count = dice.Roll(1, most);
      ASSERT_EQ(stream.Step(*cache, at, count), Status::kOk);
      at += count;
    }
    EXPECT_EQ(stream.FirstDifference(whole), kTokens) << seed;
  }
}

TYPED_TEST(KvCacheElements, AnyCutGivesThePrefillOfWhatIsStored) {
  AnyCutGivesThePrefill<Full<TypeParam, 20, 7, 2>>();
  if constexpr (!golden::kReduced) {
    AnyCutGivesThePrefill<Full<TypeParam, 64, 64, 4>>();
    AnyCutGivesThePrefill<Full<TypeParam, 5, 33, 1>>();
    AnyCutGivesThePrefill<Full<TypeParam, 160, 160, 2>>();
  }
}

}  // namespace
}  // namespace fovea
