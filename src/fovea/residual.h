// SPDX-License-Identifier: Apache-2.0
// A residual connection, which every part of a transformer's layer stands in:
//
//   y = y + branch(norm(y))      kPreNorm
//   y = norm(y + branch(y))      otherwise
#ifndef FOVEA_RESIDUAL_H_
#define FOVEA_RESIDUAL_H_

#include <cstddef>

#include "fovea/check.h"
#include "fovea/kernels/rows-inl.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/transformer_config.h"
#include "fovea/view.h"

namespace fovea {
inline namespace FOVEA_TARGET_NAMESPACE {

// Rows [tokens][kModelDim] of one batch entry.
struct TokenRows {
  float* data;
  size_t stride;
  size_t tokens;
};

template <class Rows>
View<float> ViewOf(const Rows& rows) noexcept {
  return {rows.data, 0, 0, rows.stride};
}

// branch(from, to) computes rows from rows, which may be the same, and returns
// a Status; `scratch` has room for [tokens][kModelDim].
template <class Config, class Branch>
Status AddBranch(const NormWeights& norm, const TokenRows& y, float* scratch,
                 const Branch& branch) noexcept {
  constexpr size_t kDim = Config::kModelDim;
  using N = Norm<Config::kNorm, kDim>;
  const TokenRows out{scratch, kDim, y.tokens};
  if constexpr (Config::kPreNorm) {
    N::Apply(norm, y.data, y.stride, y.tokens, scratch, kDim);
    FOVEA_RETURN_IF_BAD(branch(out, out));
  } else {
    FOVEA_RETURN_IF_BAD(branch(y, out));
  }
  for (size_t t = 0; t < y.tokens; ++t) {
    HWY_NAMESPACE::AddRow(scratch + t * kDim, kDim, y.data + t * y.stride);
  }
  if constexpr (!Config::kPreNorm) {
    N::Apply(norm, y.data, y.stride, y.tokens, y.data, y.stride);
  }
  return Status::kOk;
}

// The feed-forward as a branch.
template <class Config, class Hidden>
Status AddFeedForward(const typename Hidden::Weights& weights,
                      const NormWeights& norm, const TokenRows& y,
                      float* scratch,
                      typename Hidden::Workspace& workspace) noexcept {
  return AddBranch<Config>(
      norm, y, scratch, [&](const TokenRows& from, const TokenRows& to) {
        Hidden::Apply(weights, from.data, from.stride, from.tokens, to.data,
                      to.stride, workspace);
        return Status::kOk;
      });
}

// y = x, row by row; they are the same rows or do not overlap.
inline void CopyRows(const float* x, size_t x_stride, size_t dim,
                     const TokenRows& y) noexcept {
  if (x == y.data) return;
  for (size_t t = 0; t < y.tokens; ++t) {
    HWY_NAMESPACE::ScaledCopy(x + t * x_stride, 1.0f, dim,
                              y.data + t * y.stride);
  }
}

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_RESIDUAL_H_
