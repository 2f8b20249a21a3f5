// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding (Su et al., arXiv 2104.09864), and its scaling to
// contexts longer than those a model was trained with.
#ifndef FOVEA_ROPE_H_
#define FOVEA_ROPE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "fovea/check.h"
#include "fovea/config.h"
#include "fovea/kernels/layout.h"
#include "fovea/kernels/rope-inl.h"
#include "fovea/rope_options.h"
#include "fovea/rope_rates.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {

inline namespace FOVEA_TARGET_NAMESPACE {

template <size_t kDim, size_t kPositions>
class RopeTable;

// Pair i of the first kDim dims of a head turns by position * base^(-2 i /
// kDim) radians.  The rate is kept as a fraction of a turn in 64 bits, so that
// the reduction to one turn is exact integer arithmetic: positions up to 2^24
// keep the angle within 1e-8 radians.  A constexpr object costs no double and
// no code at run time:
//
//   static constexpr fovea::Rope<32> kRope(10000.0);   // in flash
//   static constexpr fovea::Rope<32> kLonger(
//       fovea::RopeOptions{10000.0, fovea::RopeScaling::kNtk, 4.0});
//
// sizeof is 4 kDim bytes.
template <size_t kDim>
class Rope {
  static_assert(kDim >= 2 && kDim % 2 == 0, "dims turn in pairs");

 public:
  // Pairs of dims that turn together.
  static constexpr size_t kPairs = kDim / 2;

  // kPairs in whole vectors of the target: 1 to 16 lanes.
  static constexpr size_t kPaddedPairs =
      RoundUp(kPairs, HWY_NAMESPACE::kMaxLanes);

  // Sine and cosine of every pair at one position: 8 kPaddedPairs bytes.
  struct Angles {
    float cos[kPaddedPairs];  // those beyond kPairs mean nothing
    float sin[kPaddedPairs];  // likewise
  };

  // Without scaling; base as in RopeOptions.
  constexpr explicit Rope(double base = 10000.0) noexcept
      : Rope(RopeOptions{base, RopeScaling::kNone, 1.0}) {}

  // With options that are not valid a constexpr object does not compile, and
  // any other is not IsValid().
  constexpr explicit Rope(const RopeOptions& options) noexcept : rates_{} {
    if (!options.AreValid()) {
      RopeOptionsAreOutOfRange();
      return;
    }
    const RopeRates rates(options, kDim);
    for (size_t i = 0; i < kPairs; ++i) rates_[i] = rates.OfPair(i);
  }

  // Whether its options were valid; if not, it turns nothing.
  constexpr bool IsValid() const noexcept { return rates_[0] != 0; }

  // The angle of pair `pair` < kPairs at `position`, less its whole turns, in
  // units of 2^-32 turn, rounded down.  Any position; beyond 2^24 the error
  // grows in proportion to it.
  uint32_t PhaseAt(uint64_t position, size_t pair) const noexcept {
    return RopePhase(position, rates_[pair]);
  }

  // The angles of `position`, shared by all heads and layers; writes all of
  // `angles` and returns it.
  const Angles& AnglesAt(uint64_t position, Angles& angles) const noexcept {
    int32_t phases[kPaddedPairs];
    for (size_t i = 0; i < kPairs; ++i) {
      phases[i] = static_cast<int32_t>(PhaseAt(position, i));
    }
    for (size_t i = kPairs; i < kPaddedPairs; ++i) phases[i] = 0;
    HWY_NAMESPACE::SinCosOf(phases, kPaddedPairs, angles.sin, angles.cos);
    return angles;
  }

  // Whether it has the angles of those positions: of all, or kBadScale.
  constexpr Status Check(uint64_t /*first_position*/,
                         size_t /*tokens*/) const noexcept {
    return IsValid() ? Status::kOk : Status::kBadScale;
  }

  // Rotates, in place, the first kDim dims of every row of
  // x [1][heads][tokens][>= kDim], in any strides, and leaves the rest of a row
  // as it is; token t is at position first_position + t.
  // kBadScale (not IsValid()), kZeroCount, kNullPointer, kMisaligned,
  // kBadStride.
  Status Apply(View<float> x, size_t heads, size_t tokens,
               uint64_t first_position, RopePairs pairs) const noexcept {
    FOVEA_RETURN_IF_BAD(Check(first_position, tokens));
    Angles angles;
    return RotateRows(x, heads, tokens, pairs, [&](size_t t) -> const Angles& {
      return AnglesAt(first_position + t, angles);
    });
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
  template <size_t, size_t>
  friend class RopeTable;

  // Token t turns by angles_of(t).
  template <class AnglesOf>
  static Status RotateRows(View<float> x, size_t heads, size_t tokens,
                           RopePairs pairs,
                           const AnglesOf& angles_of) noexcept {
    if (heads == 0 || tokens == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(
        CheckView(x, {1, heads, tokens, kDim}, Shares::kNothing));
    for (size_t t = 0; t < tokens; ++t) {
      const Angles& angles = angles_of(t);
      for (size_t head = 0; head < heads; ++head) {
        float* row = x.Row(0, head, t);
        Rotate(row, row, angles, pairs);
      }
    }
    return Status::kOk;
  }

  uint64_t rates_[kPairs];  // turns a token, times 2^64
};

// The angles of kPositions successive positions, computed once: a look-up gives
// the bits that Rope computes.  Trivially constructible; place it in any
// section.  A static one holds no position until it is filled, any other must
// be filled before it is asked.
//
// sizeof is 8 + 8 kPositions kPaddedPairs bytes: for kDim 64, 256 bytes a
// position and 128 KiB for 512 of them.
template <size_t kDim, size_t kPositions>
class RopeTable {
  static_assert(kPositions > 0, "a table holds a position");

 public:
  using Angles = typename Rope<kDim>::Angles;

  // Computes the angles of positions first_position to first_position +
  // kPositions - 1, in place of those held.  kBadScale (!rope.IsValid()).
  Status Fill(const Rope<kDim>& rope, uint64_t first_position) noexcept {
    if (!rope.IsValid()) return Status::kBadScale;
    for (size_t i = 0; i < kPositions; ++i) {
      rope.AnglesAt(first_position + i, angles_[i]);
    }
    end_ = first_position + kPositions;
    return Status::kOk;
  }

  // Whether `tokens` positions from first_position on are in the table.
  bool Holds(uint64_t first_position, size_t tokens = 1) const noexcept {
    const uint64_t rest = end_ - first_position;
    return rest <= kPositions && tokens <= rest;
  }

  // kTooManyTokens unless it does.
  Status Check(uint64_t first_position, size_t tokens) const noexcept {
    const bool holds = Holds(first_position, tokens);
    return holds ? Status::kOk : Status::kTooManyTokens;
  }

  // The angles of a position that it Holds().  Unchecked.
  const Angles& AnglesAt(uint64_t position) const noexcept {
    return angles_[kPositions - (end_ - position)];
  }

  // As of a Rope; `unused` stays as it is.
  const Angles& AnglesAt(uint64_t position, Angles& /*unused*/) const noexcept {
    return AnglesAt(position);
  }

  // As Rope::Rotate.
  static void Rotate(const float* from, float* to, const Angles& angles,
                     RopePairs pairs) noexcept {
    Rope<kDim>::Rotate(from, to, angles, pairs);
  }

  // As Rope::Apply, with kTooManyTokens for positions that are not held in
  // place of kBadScale.
  Status Apply(View<float> x, size_t heads, size_t tokens,
               uint64_t first_position, RopePairs pairs) const noexcept {
    FOVEA_RETURN_IF_BAD(Check(first_position, tokens));
    return Rope<kDim>::RotateRows(x, heads, tokens, pairs,
                                  [&](size_t t) -> const Angles& {
                                    return AnglesAt(first_position + t);
                                  });
  }

 private:
  uint64_t end_;  // of the positions held; 0 if none
  Angles angles_[kPositions];
};

// Turns rows on their way to somewhere else; the angles are found once for all
// rows of one position.
template <class RotaryArg, RopePairs kPairs>
class RowTurner {
 public:
  using Rotary = RotaryArg;  // a Rope or a RopeTable

  explicit RowTurner(const Rotary& rotary) noexcept : rotary_(rotary) {}
  RowTurner(const RowTurner&) = delete;
  RowTurner& operator=(const RowTurner&) = delete;

  // The rows to come are at that position; see Check.
  void MoveTo(uint64_t position) noexcept {
    angles_ = &rotary_.AnglesAt(position, room_);
  }

  // The row of head_dim elements, in `to`, which does not overlap it.
  void Turn(const float* row, size_t head_dim, float* to) const noexcept {
    std::memcpy(to, row, head_dim * sizeof(float));
    Rotary::Rotate(to, to, *angles_, kPairs);
  }

 private:
  const Rotary& rotary_;
  const typename Rotary::Angles* angles_ = nullptr;
  typename Rotary::Angles room_;
};

// What turns the queries and keys of a config, and its turner; void without
// kRotaryDim.
template <size_t kDim, size_t kPositions, RopePairs kPairs>
struct RotaryFor {
  using Rotary = std::conditional_t<kPositions == 0, Rope<kDim>,
                                    RopeTable<kDim, HWY_MAX(kPositions, 1)>>;
  using Turner = RowTurner<Rotary, kPairs>;
};
template <RopePairs kPairs>
struct RotaryFor<0, 0, kPairs> {
  using Rotary = void;
  using Turner = void;
};
// That of a Resolved config.
template <class R>
using RotaryOf = RotaryFor<R::kRotaryDim, R::kRotaryPositions, R::kRotaryPairs>;

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_ROPE_H_
