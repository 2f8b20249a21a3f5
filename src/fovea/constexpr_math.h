// SPDX-License-Identifier: Apache-2.0
// Double-precision functions for tables that are made at compile time.  They
// use additions, multiplications and divisions alone, so that the same table
// comes out of every compiler; libm's functions differ, and are not constexpr.
#ifndef FOVEA_CONSTEXPR_MATH_H_
#define FOVEA_CONSTEXPR_MATH_H_

namespace fovea {

// ln(x) for x > 0: x = m * 2^e with m in [0.75, 1.5), then
// ln(m) = 2 atanh((m - 1) / (m + 1)).
constexpr double ConstexprLog(double x) {
  double exponent = 0;
  for (; x >= 1.5; x *= 0.5) exponent += 1;
  for (; x < 0.75; x *= 2.0) exponent -= 1;
  const double t = (x - 1) / (x + 1);
  double sum = 0;
  for (int k = 41; k >= 1; k -= 2) sum = sum * t * t + 1.0 / k;
  return exponent * 0.69314718055994530942 + 2 * t * sum;
}

// e^x for |x| < 700: Taylor's series on x / 2^10, squared ten times.
constexpr double ConstexprExp(double x) {
  const double small = x / 1024;
  // e^s - 1, which keeps its digits when it is squared back.
  double minus_one = 0;
  for (int k = 14; k >= 1; --k) minus_one = (minus_one + 1) * small / k;
  for (int i = 0; i < 10; ++i) minus_one = minus_one * (minus_one + 2);
  return minus_one + 1;
}

}  // namespace fovea

#endif  // FOVEA_CONSTEXPR_MATH_H_
