// SPDX-License-Identifier: Apache-2.0
// Sums over a row, and of rows: what norms, residual connections, positions and
// embeddings are made of.
#if defined(FOVEA_KERNELS_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ROWS_INL_H_
#undef FOVEA_KERNELS_ROWS_INL_H_
#else
#define FOVEA_KERNELS_ROWS_INL_H_
#endif

#include "fovea/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// sum = term(x[i], sum) over a row, with 16 partial sums by index mod 16 and
// one tree, whatever the lane count.  For `neutral` term gives the sum as it
// is.
template <class Term>
HWY_INLINE float SumOverRow(const float* HWY_RESTRICT x, size_t dim,
                            Vec neutral, const Term& term) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float partial[kPanel];
  for (size_t residue = 0; residue < kPanel; residue += lanes) {
    Vec sum = hn::Zero(d);
    size_t i = residue;
    for (; i + lanes <= dim; i += kPanel) sum = term(hn::LoadU(d, x + i), sum);
    if (i < dim) sum = term(hn::LoadNOr(neutral, d, x + i, dim - i), sum);
    hn::Store(sum, d, partial + residue);
  }
  return TreeSum16(partial);
}

// y[i] += x[i].
HWY_NOINLINE HWY_MAYBE_UNUSED void AddRow(const float* x, size_t dim,
                                          float* y) {
  const FloatTag d;
  for (size_t i = 0; i < dim; i += hn::Lanes(d)) {
    const size_t n = HWY_MIN(dim - i, hn::Lanes(d));
    const Vec sum = hn::Add(hn::LoadN(d, y + i, n), hn::LoadN(d, x + i, n));
    hn::StoreN(sum, d, y + i, n);
  }
}

// y[i] = scale * x[i].
HWY_NOINLINE HWY_MAYBE_UNUSED void ScaledCopy(const float* x, float scale,
                                              size_t dim, float* y) {
  const FloatTag d;
  const Vec factor = hn::Set(d, scale);
  for (size_t i = 0; i < dim; i += hn::Lanes(d)) {
    const size_t n = HWY_MIN(dim - i, hn::Lanes(d));
    hn::StoreN(hn::Mul(factor, hn::LoadN(d, x + i, n)), d, y + i, n);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_ROWS_INL_H_
