// SPDX-License-Identifier: Apache-2.0
// How far rows that were computed in int8 are from those in float.
#ifndef FOVEA_INT8_ERROR_H_
#define FOVEA_INT8_ERROR_H_

#include <cstddef>

#include "fovea/kernels/simd-inl.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {

// Of rows x in int8 and y in float, over all rows of a call (float sums, which
// suffice for the digits that matter).
struct Int8Error {
  // sum of x y / sqrt(sum of x^2 * sum of y^2) of all, and of the row where it
  // is least; 1 where both are zeros, 0 where one is.
  float cosine;
  float least_cosine;
  float relative_l1;  // sum of |x - y| / sum of |y|; 0 for 0 / 0
};

inline namespace FOVEA_TARGET_NAMESPACE {

namespace check_int8 {

class Sums {
 public:
  void Add(const float* x, const float* y, size_t count) noexcept {
    for (size_t i = 0; i < count; ++i) {
      xy_ += x[i] * y[i];
      xx_ += x[i] * x[i];
      yy_ += y[i] * y[i];
      difference_ += Magnitude(x[i] - y[i]);
      size_ += Magnitude(y[i]);
    }
  }
  void Add(const Sums& other) noexcept {
    xy_ += other.xy_;
    xx_ += other.xx_;
    yy_ += other.yy_;
    difference_ += other.difference_;
    size_ += other.size_;
  }
  float Cosine() const noexcept {
    if (xx_ == 0.0f && yy_ == 0.0f) return 1.0f;
    if (xx_ == 0.0f || yy_ == 0.0f) return 0.0f;
    return xy_ /
           (HWY_NAMESPACE::SquareRoot(xx_) * HWY_NAMESPACE::SquareRoot(yy_));
  }
  float RelativeL1() const noexcept {
    return difference_ == 0.0f ? 0.0f : difference_ / size_;
  }

 private:
  static float Magnitude(float x) noexcept { return x < 0.0f ? -x : x; }

  float xy_ = 0, xx_ = 0, yy_ = 0, difference_ = 0, size_ = 0;
};

// Of x[head][token][dim] in int8 and y in float.
inline Int8Error ErrorOf(const View<float>& x, const View<float>& y,
                         size_t heads, size_t tokens, size_t dim) noexcept {
  Sums all;
  float least = 1.0f;
  for (size_t head = 0; head < heads; ++head) {
    for (size_t token = 0; token < tokens; ++token) {
      Sums row;
      row.Add(x.Row(0, head, token), y.Row(0, head, token), dim);
      const float cosine = row.Cosine();
      if (!(cosine >= least)) least = cosine;  // NaN too
      all.Add(row);
    }
  }
  return {all.Cosine(), least, all.RelativeL1()};
}

}  // namespace check_int8

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_INT8_ERROR_H_
