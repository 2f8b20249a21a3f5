// SPDX-License-Identifier: Apache-2.0
// Measures a function of one float over every float of a range.
#ifndef FOVEA_TESTS_SWEEP_H_
#define FOVEA_TESTS_SWEEP_H_

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "fovea/kernels/simd-inl.h"
#include "golden/hash_class.h"

namespace sweep {

inline float FloatOf(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

inline uint32_t BitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

// 1, every float, unless the build or the environment says to take every n-th:
// under an emulator or a sanitizer all of them take minutes, and find what the
// host found, since the bits are the same.
#ifndef FOVEA_SWEEP_STEP
#define FOVEA_SWEEP_STEP 1
#endif

inline uint32_t Step() {
  const char* text = std::getenv("FOVEA_SWEEP_STEP");
  const long step = text == nullptr ? FOVEA_SWEEP_STEP : std::atol(text);
  return step < 1 ? 1 : static_cast<uint32_t>(step);
}

// The bound that holds here, of one for targets with a fused multiply-add and
// one for those without.
constexpr double MostUlps(double fused, double unfused) {
  using fovea::golden::HashClass;
  return fovea::golden::kHashClass == HashClass::kFused ? fused : unfused;
}

// Distance from the true value, in units of the last place of the binade that
// the true value lies in.
inline double Ulps(float got, double want) {
  int exponent = 0;
  std::frexp(want, &exponent);
  return std::fabs(got - want) * std::ldexp(1.0, 24 - exponent);
}

// Calls check(x, kernel(x)) for every Step()-th float from `first` to `last`,
// which have one sign and |first| <= |last|, and for `last`.
template <class Kernel, class Check>
void Over(float first, float last, const Kernel& kernel, const Check& check) {
  namespace hn = hwy::HWY_NAMESPACE;
  const fovea::HWY_NAMESPACE::FloatTag d;
  constexpr size_t kBatch = 16;
  float x[kBatch], y[kBatch];
  const uint64_t step = Step();
  const uint64_t end = BitsOf(last);
  for (uint64_t at = BitsOf(first);; at += kBatch * step) {
    for (size_t i = 0; i < kBatch; ++i) {
      const uint64_t bits = at + i * step;
      x[i] = FloatOf(static_cast<uint32_t>(bits < end ? bits : end));
    }
    for (size_t i = 0; i < kBatch; i += hn::Lanes(d)) {
      hn::StoreU(kernel(hn::LoadU(d, x + i)), d, y + i);
    }
    for (size_t i = 0; i < kBatch; ++i) check(x[i], y[i]);
    if (at + (kBatch - 1) * step >= end) return;
  }
}

// The largest error of kernel(x) against reference(double x).
struct Worst {
  double ulps = 0;
  float x = 0;
};

template <class Kernel, class Reference>
Worst WorstOver(float first, float last, const Kernel& kernel,
                const Reference& reference) {
  Worst worst;
  Over(first, last, kernel, [&](float x, float y) {
    const double ulps = Ulps(y, reference(double{x}));
    // A NaN compares false with anything.
    if (!(ulps <= worst.ulps)) worst = {ulps, x};
  });
  return worst;
}

}  // namespace sweep

#endif  // FOVEA_TESTS_SWEEP_H_
