// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding (Su et al., arXiv 2104.09864).
#ifndef FOVEA_ROPE_H_
#define FOVEA_ROPE_H_

#include <cstddef>
#include <cstdint>

#include "fovea/check.h"
#include "fovea/constexpr_math.h"
#include "fovea/kernels/layout.h"
#include "fovea/kernels/rope-inl.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {

enum class RopePairs : uint8_t {
  kHalfSplit,    // (x[i], x[i + dim/2]): Llama in Hugging Face's form, NeoX
  kInterleaved,  // (x[2 i], x[2 i + 1]): the paper, GPT-J
};

inline namespace FOVEA_TARGET_NAMESPACE {

// Pair i of the first kDim dims of a head turns by position * base^(-2 i /
// kDim) radians.  The rate is kept as a fraction of a turn in 64 bits, so that
// the reduction to one turn is exact integer arithmetic: positions up to 2^24
// keep the angle within 1e-8 radians, and no double is used at run time.
//
//   static constexpr fovea::Rope<32> kRope(10000.0);   // in flash
template <size_t kDim>
class Rope {
  static_assert(kDim >= 2 && kDim % 2 == 0, "dims turn in pairs");

 public:
  static constexpr size_t kPairs = kDim / 2;

  // Sine and cosine of every pair at one position.
  struct Angles {
    float cos[RoundUp(kPairs, kPanel)];
    float sin[RoundUp(kPairs, kPanel)];
  };

  // `base` > 1; meant for a constexpr object (it computes in double).
  constexpr explicit Rope(double base = 10000.0) : rates_{} {
    constexpr double kTwoPi = 6.28318530717958647693;
    constexpr double kTwoTo64 = 18446744073709551616.0;
    for (size_t i = 0; i < kPairs; ++i) {
      const double exponent = -2.0 * static_cast<double>(i) / kDim;
      const double radians = ConstexprExp(exponent * ConstexprLog(base));
      rates_[i] = static_cast<uint64_t>(radians / kTwoPi * kTwoTo64);
    }
  }

  // The angle of pair `pair` < kPairs at `position`, less its whole turns, in
  // units of 2^-32 turn, rounded down.  Any position; beyond 2^24 the error
  // grows in proportion to it.
  uint32_t PhaseAt(uint64_t position, size_t pair) const noexcept {
    return static_cast<uint32_t>((position * rates_[pair]) >> 32);
  }

  // The angles of `position`, shared by all heads and layers.
  void AnglesAt(uint64_t position, Angles& angles) const noexcept {
    int32_t phases[RoundUp(kPairs, kPanel)];
    for (size_t i = 0; i < kPairs; ++i) {
      phases[i] = static_cast<int32_t>(PhaseAt(position, i));
    }
    for (size_t i = kPairs; i < RoundUp(kPairs, kPanel); ++i) phases[i] = 0;
    HWY_NAMESPACE::SinCosOf(phases, RoundUp(kPairs, kPanel), angles.sin,
                            angles.cos);
  }

  // Rotates, in place, the first kDim dims of every row of
  // x [1][heads][tokens][>= kDim]; token t is at position first_position + t.
  // kNullPointer, kZeroCount, kBadStride, kMisaligned.
  Status Apply(View<float> x, size_t heads, size_t tokens,
               uint64_t first_position, RopePairs pairs) const noexcept {
    if (heads == 0 || tokens == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(
        CheckView(x, {1, heads, tokens, kDim}, Shares::kNothing));
    for (size_t t = 0; t < tokens; ++t) {
      Angles angles;
      AnglesAt(first_position + t, angles);
      for (size_t head = 0; head < heads; ++head) {
        float* row = x.Row(0, head, t);
        Rotate(row, row, angles, pairs);
      }
    }
    return Status::kOk;
  }

  // Rotates one row: the first kDim elements of `from` to those of `to`, which
  // may be `from` itself but may not overlap it otherwise.  What follows them
  // is neither read nor written.  Unchecked.
  static void Rotate(const float* from, float* to, const Angles& angles,
                     RopePairs pairs) noexcept {
    if (pairs == RopePairs::kHalfSplit) {
      HWY_NAMESPACE::RotateHalfSplit(from, to, kPairs, angles.cos, angles.sin);
    } else {
      HWY_NAMESPACE::RotateInterleaved(from, to, kPairs, angles.cos,
                                       angles.sin);
    }
  }

 private:
  uint64_t rates_[kPairs];  // turns a token, times 2^64
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_ROPE_H_
