// SPDX-License-Identifier: Apache-2.0
// The constants that fix memory layouts and the order of additions.  Each of
// them is part of the bits: changing one changes every golden hash.
#ifndef FOVEA_KERNELS_LAYOUT_H_
#define FOVEA_KERNELS_LAYOUT_H_

#include <cstddef>
#include <cstdint>

namespace fovea {

// Keys (or output rows of a linear layer) that lie side by side in a panel,
// [dim][16].  16 is the widest vector in use; narrower ones divide it.
constexpr size_t kPanel = 16;

// Keys that one step of the online softmax covers, on every target; tiles start
// at key 0.  64 keeps a tile of values and its scores in an L1 of 32 KiB; 128
// was no faster in prefill and slower in decode (Zen 5: D3 78 instead of 89 %
// of the read bandwidth).
constexpr size_t kTile = 64;

// Longest chain of fused multiply-adds in a dot product; longer ones add chains
// of this length in order.  A single chain's error grows with its length: over
// 256 dims it was 1.3 times that of PyTorch, over 512 inputs of a linear layer
// more than twice.
constexpr size_t kChain = 128;

static_assert(kTile % kPanel == 0, "a tile is whole panels");

// Positions beyond it, before or after key 0, count as it: no key of a tensor
// (kMaxKeys is at most 2^24) and no window reaches so far.
constexpr ptrdiff_t kFar = ptrdiff_t{1} << 28;

constexpr int64_t WithinMagnitude(int64_t position, int64_t most) {
  const int64_t least = position < most ? position : most;
  return least > -most ? least : -most;
}

constexpr ptrdiff_t NearPosition(int64_t position) {
  return static_cast<ptrdiff_t>(WithinMagnitude(position, kFar));
}

// The same for what ALiBi and a ScorePolicy count from: so many tokens away a
// float tells keys apart by the 64 alone.
constexpr int32_t PositionOfScores(int64_t position) {
  return static_cast<int32_t>(WithinMagnitude(position, int64_t{1} << 30));
}

constexpr size_t RoundUp(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// Tokens that a mean of keys is taken of (KeyMeans).
constexpr size_t kMeanTokens = kPanel;

// A length that is a constant (N > 0) or known at run time (N == 0), so that
// one kernel body serves both.
template <size_t N>
struct Length {
  static constexpr size_t kMost = N;
  constexpr Length() = default;
  constexpr explicit Length(size_t) {}
  constexpr operator size_t() const { return N; }
};

template <>
struct Length<0> {
  static constexpr size_t kMost = 256;  // of dims that are stored
  constexpr explicit Length(size_t n) : value(n) {}
  constexpr operator size_t() const { return value; }
  size_t value;
};

}  // namespace fovea

#endif  // FOVEA_KERNELS_LAYOUT_H_
