// SPDX-License-Identifier: Apache-2.0
// Integer attention of one row after docs/numerics.md, key by key, and what it
// is compared with: softmax_s8 between two int8 matrix products.  Nothing of
// the library's own code is in here.
#ifndef FOVEA_TESTS_REFERENCE_INTEGER_ATTENTION_REFERENCE_H_
#define FOVEA_TESTS_REFERENCE_INTEGER_ATTENTION_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fovea::reference {

struct IntegerRow {
  const int8_t* q;
  const int8_t* keys;         // [key][head_dim]
  const int8_t* values;       // [key][value_dim]
  std::vector<bool> visible;  // [key]
  size_t head_dim, value_dim;
  uint32_t score_multiplier;
  int32_t output_multiplier, output_shift;
  int32_t query_zero, value_zero, output_zero;
};

inline uint32_t Steps(int64_t distance, uint32_t multiplier) {
  const uint64_t half =
      multiplier < 128 ? uint64_t{1} << 24 : (uint64_t{1} << 31) / multiplier;
  const uint64_t steps =
      ((static_cast<uint64_t>(distance) * 128 + half) * multiplier) >> 32;
  return static_cast<uint32_t>(std::min<uint64_t>(steps, 2047));
}

// 32639 * 2^16 * 2^(-steps / 64), the table's entry rounded, the rest cut off.
inline int64_t Power(uint32_t steps) {
  const double octaves = static_cast<double>(steps % 64) / 64;
  const double entry = std::floor(32639 * std::exp2(-octaves) + 0.5);
  return (static_cast<int64_t>(entry) << 16) >> (steps / 64);
}

// floor(a * b / 2^31 + 1/2)
inline int64_t HighProduct(int64_t a, int64_t b) {
  return (a * b + (int64_t{1} << 30)) >> 31;
}

// To nearest, halves away from zero.
inline int64_t Shifted(int64_t x, int shift) {
  const int64_t half = shift == 0 ? 0 : int64_t{1} << (shift - 1);
  return x >= 0 ? (x + half) >> shift : -((-x + half) >> shift);
}

inline std::vector<int8_t> IntegerAttention(const IntegerRow& row) {
  const size_t keys = row.visible.size();
  int64_t m = 0, l = 0;
  std::vector<int64_t> o(row.value_dim, 0);
  for (size_t first = 0; first < keys; first += 64) {
    const size_t end = std::min(keys, first + 64);
    std::vector<int64_t> s(keys);
    bool any = false;
    int64_t most = l > 0 ? m : INT64_MIN;
    for (size_t j = first; j < end; ++j) {
      if (!row.visible[j]) continue;
      for (size_t d = 0; d < row.head_dim; ++d) {
        s[j] += (row.q[d] - row.query_zero) * row.keys[j * row.head_dim + d];
      }
      most = std::max(most, s[j]);
      any = true;
    }
    if (!any) continue;
    if (l > 0 && most > m) {
      const int64_t power = Power(Steps(most - m, row.score_multiplier));
      const int64_t r = power + power / 256;
      l = HighProduct(l, r);
      for (int64_t& x : o) x = HighProduct(x, r);
    }
    m = most;
    std::vector<int64_t> products(row.value_dim, 0);
    for (size_t j = first; j < end; ++j) {
      if (!row.visible[j]) continue;
      const int64_t p =
          (Power(Steps(m - s[j], row.score_multiplier)) + 32768) >> 16;
      l += p;
      for (size_t c = 0; c < row.value_dim; ++c) {
        products[c] += p * (row.values[j * row.value_dim + c] - row.value_zero);
      }
    }
    for (size_t c = 0; c < row.value_dim; ++c) o[c] += (products[c] + 256) >> 9;
  }
  std::vector<int8_t> out(row.value_dim, static_cast<int8_t>(row.output_zero));
  if (l == 0) return out;
  int zeros = 0;
  while ((l << zeros) < int64_t{1} << 31) ++zeros;
  const int64_t divisor = ((l << zeros) + 32768) >> 16;
  const int64_t inverse = ((int64_t{1} << 31) + divisor / 2) / divisor;
  const int64_t multiplier = (row.output_multiplier * inverse) >> 16;
  const int shift = std::min(20 - static_cast<int>(row.output_shift), 31);
  for (size_t c = 0; c < row.value_dim; ++c) {
    const int64_t x =
        Shifted(HighProduct(o[c] * (int64_t{1} << (zeros - 2)), multiplier),
                shift) +
        row.output_zero;
    out[c] = static_cast<int8_t>(std::clamp<int64_t>(x, -128, 127));
  }
  return out;
}

}  // namespace fovea::reference

#endif  // FOVEA_TESTS_REFERENCE_INTEGER_ATTENTION_REFERENCE_H_
