// SPDX-License-Identifier: Apache-2.0
// What a transformer reads: rows of a token table, and positions added to them.
#ifndef FOVEA_EMBEDDING_H_
#define FOVEA_EMBEDDING_H_

#include <cstddef>
#include <cstdint>

#include "fovea/check.h"
#include "fovea/kernels/rows-inl.h"
#include "fovea/rope.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {
inline namespace FOVEA_TARGET_NAMESPACE {

// The rows of a token table.
template <size_t kDim>
class Embedding {
  static_assert(kDim > 0, "a row has at least one element");

 public:
  // y[t][i] = scale * table[tokens[t]][i].
  //   table        [vocabulary][kDim], flash included
  //   tokens       [count], each below vocabulary
  //   scale        finite; 1, or sqrt(kDim) as in "Attention Is All You Need"
  //   y, y_stride  [count][kDim], elements from token to token
  // kNullPointer, kZeroCount (count, vocabulary), kBadStride, kMisaligned,
  // kBadScale, kBadToken.
  static Status Run(const float* table, size_t vocabulary,
                    const uint32_t* tokens, size_t count, float scale, float* y,
                    size_t y_stride) noexcept {
    FOVEA_RETURN_IF_BAD(CheckArray(table));
    FOVEA_RETURN_IF_BAD(CheckArray(tokens));
    if (vocabulary == 0 || count == 0) return Status::kZeroCount;
    const View<float> out{y, 0, 0, y_stride};
    FOVEA_RETURN_IF_BAD(CheckView(out, {1, 1, count, kDim}, Shares::kNothing));
    if (!IsFinite(scale)) return Status::kBadScale;
    for (size_t t = 0; t < count; ++t) {
      if (tokens[t] >= vocabulary) return Status::kBadToken;
    }
    for (size_t t = 0; t < count; ++t) {
      HWY_NAMESPACE::ScaledCopy(table + size_t{tokens[t]} * kDim, scale, kDim,
                                y + t * y_stride);
    }
    return Status::kOk;
  }
};

// Positions that were learned, a row each, as GPT-2's.
template <size_t kDim>
class LearnedPositions {
  static_assert(kDim > 0, "a row has at least one element");

 public:
  // x[t][i] += table[first_position + t][i].
  //   table           [positions][kDim], flash included
  //   first_position  of x's first token
  //   x, x_stride     [tokens][kDim], elements from token to token
  // kNullPointer, kZeroCount (tokens), kTooManyTokens (a position beyond the
  // table), kBadStride, kMisaligned.
  static Status Add(const float* table, size_t positions,
                    uint64_t first_position, size_t tokens, float* x,
                    size_t x_stride) noexcept {
    FOVEA_RETURN_IF_BAD(CheckArray(table));
    if (tokens == 0) return Status::kZeroCount;
    if (tokens > positions || first_position > positions - tokens) {
      return Status::kTooManyTokens;
    }
    const View<float> rows{x, 0, 0, x_stride};
    FOVEA_RETURN_IF_BAD(
        CheckView(rows, {1, 1, tokens, kDim}, Shares::kNothing));
    const float* row = table + static_cast<size_t>(first_position) * kDim;
    for (size_t t = 0; t < tokens; ++t, row += kDim) {
      HWY_NAMESPACE::AddRow(row, kDim, x + t * x_stride);
    }
    return Status::kOk;
  }
};

// The positions of "Attention Is All You Need" (arXiv 1706.03762, 3.5):
//
//   PE[p][2 i] = sin(p base^(-2 i / kDim)),  PE[p][2 i + 1] = cos(the same)
//
// without a table: 4 kDim bytes of rates, in flash if constexpr, and no limit
// but the precision of the angle (1e-8 radians up to 2^24, see Rope).
template <size_t kDim>
class SinusoidalPositions {
 public:
  // base as in RopeOptions.
  constexpr explicit SinusoidalPositions(double base = 10000.0) noexcept
      : rates_(base) {}

  // x[t][i] += PE[first_position + t][i].
  //   x, x_stride  [tokens][kDim], elements from token to token
  // kBadScale (a base out of its range), kZeroCount, kNullPointer, kBadStride,
  // kMisaligned.
  Status Add(uint64_t first_position, size_t tokens, float* x,
             size_t x_stride) const noexcept {
    if (!rates_.IsValid()) return Status::kBadScale;
    if (tokens == 0) return Status::kZeroCount;
    const View<float> rows{x, 0, 0, x_stride};
    FOVEA_RETURN_IF_BAD(
        CheckView(rows, {1, 1, tokens, kDim}, Shares::kNothing));
    typename Rope<kDim>::Angles angles;
    for (size_t t = 0; t < tokens; ++t) {
      rates_.AnglesAt(first_position + t, angles);
      float* row = x + t * x_stride;
      for (size_t i = 0; i < kDim / 2; ++i) {
        row[2 * i] += angles.sin[i];
        row[2 * i + 1] += angles.cos[i];
      }
    }
    return Status::kOk;
  }

 private:
  Rope<kDim> rates_;
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_EMBEDDING_H_
