// SPDX-License-Identifier: Apache-2.0
// Attention as the formula says it, in double: what kernels are compared with.
//
//   out = softmax(scale * q k^T) v
#ifndef FOVEA_TESTS_REFERENCE_ATTENTION_REFERENCE_H_
#define FOVEA_TESTS_REFERENCE_ATTENTION_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "fovea/view.h"

namespace fovea::reference {

struct AttentionShape {
  size_t batch = 1;
  size_t heads = 1;
  size_t kv_heads = 1;  // divides heads
  size_t queries = 1;
  size_t keys = 1;
  size_t head_dim = 1;
  size_t value_dim = 1;
};

struct AttentionResult {
  std::vector<double> out;  // [batch][head][query][value_dim]
  std::vector<double> lse;  // [batch][head][query]
};

inline double Dot(const float* a, const float* b, size_t size) {
  double sum = 0;
  for (size_t i = 0; i < size; ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

// visible(batch, head, query, key) says whether the query sees the key.  What
// it does not see is not read.  A query that sees no key gives zeros and an lse
// of minus infinity.
template <class Visible>
AttentionResult Attention(const AttentionShape& shape, View<const float> q,
                          View<const float> k, View<const float> v,
                          double scale, const Visible& visible) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const size_t group = shape.heads / shape.kv_heads;
  AttentionResult result;
  std::vector<double> scores(shape.keys);
  for (size_t b = 0; b < shape.batch; ++b) {
    for (size_t h = 0; h < shape.heads; ++h) {
      for (size_t i = 0; i < shape.queries; ++i) {
        double max = -kInfinity;
        for (size_t j = 0; j < shape.keys; ++j) {
          if (!visible(b, h, i, j)) continue;
          scores[j] = scale * Dot(q.Row(b, h, i), k.Row(b, h / group, j),
                                  shape.head_dim);
          max = std::max(max, scores[j]);
        }
        double sum = 0;
        std::vector<double> out(shape.value_dim, 0.0);
        for (size_t j = 0; j < shape.keys; ++j) {
          if (!visible(b, h, i, j)) continue;
          const double p = std::exp(scores[j] - max);
          const float* value = v.Row(b, h / group, j);
          for (size_t d = 0; d < shape.value_dim; ++d) {
            out[d] += p * double{value[d]};
          }
          sum += p;
        }
        const bool sees_none = sum == 0;
        for (double x : out) result.out.push_back(sees_none ? 0 : x / sum);
        result.lse.push_back(sees_none ? -kInfinity : max + std::log(sum));
      }
    }
  }
  return result;
}

// Key j is visible to query i iff j <= i + first_position.
struct Causal {
  ptrdiff_t first_position = 0;

  bool operator()(size_t, size_t, size_t query, size_t key) const {
    return static_cast<ptrdiff_t>(key) <=
           static_cast<ptrdiff_t>(query) + first_position;
  }
};

struct SeesAll {
  bool operator()(size_t, size_t, size_t, size_t) const { return true; }
};

}  // namespace fovea::reference

#endif  // FOVEA_TESTS_REFERENCE_ATTENTION_REFERENCE_H_
