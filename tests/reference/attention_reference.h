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
  std::vector<double> out;      // [batch][head][query][value_dim]
  std::vector<double> lse;      // [batch][head][query]
  std::vector<double> weights;  // [batch][head][query][key]
};

inline double Dot(const float* a, const float* b, size_t size) {
  double sum = 0;
  for (size_t i = 0; i < size; ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

constexpr double kHidden = -std::numeric_limits<double>::infinity();

// score(batch, head, query, key) gives what the softmax sees, kHidden for a key
// that the query does not see: its value is not read.  sink(head) takes part in
// the sum alone; kHidden for none.  A query that sees nothing gives zeros and
// an lse of minus infinity.
template <class Score, class Sink>
AttentionResult AttentionOfScores(const AttentionShape& shape,
                                  View<const float> v, const Score& score,
                                  const Sink& sink) {
  const size_t group = shape.heads / shape.kv_heads;
  AttentionResult result;
  // Growing by doubling would take more than a board's test image has.
  const size_t rows = shape.batch * shape.heads * shape.queries;
  result.out.reserve(rows * shape.value_dim);
  result.lse.reserve(rows);
  result.weights.reserve(rows * shape.keys);
  std::vector<double> weights(shape.keys);
  for (size_t b = 0; b < shape.batch; ++b) {
    for (size_t h = 0; h < shape.heads; ++h) {
      for (size_t i = 0; i < shape.queries; ++i) {
        double max = sink(h);
        for (size_t j = 0; j < shape.keys; ++j) {
          weights[j] = score(b, h, i, j);
          max = std::max(max, weights[j]);
        }
        double sum = sink(h) == kHidden ? 0 : std::exp(sink(h) - max);
        for (double& w : weights) {
          w = w == kHidden ? 0 : std::exp(w - max);
          sum += w;
        }
        std::vector<double> out(shape.value_dim, 0.0);
        for (size_t j = 0; j < shape.keys; ++j) {
          if (weights[j] == 0) continue;
          weights[j] /= sum;
          const float* value = v.Row(b, h / group, j);
          for (size_t d = 0; d < shape.value_dim; ++d) {
            out[d] += weights[j] * double{value[d]};
          }
        }
        result.out.insert(result.out.end(), out.begin(), out.end());
        result.lse.push_back(sum == 0 ? kHidden : max + std::log(sum));
        result.weights.insert(result.weights.end(), weights.begin(),
                              weights.end());
      }
    }
  }
  return result;
}

// visible(batch, head, query, key) says whether the query sees the key.  What
// it does not see is not read.
template <class Visible>
AttentionResult Attention(const AttentionShape& shape, View<const float> q,
                          View<const float> k, View<const float> v,
                          double scale, const Visible& visible) {
  const size_t group = shape.heads / shape.kv_heads;
  const auto score = [&](size_t b, size_t h, size_t i, size_t j) {
    if (!visible(b, h, i, j)) return kHidden;
    return scale * Dot(q.Row(b, h, i), k.Row(b, h / group, j), shape.head_dim);
  };
  return AttentionOfScores(shape, v, score, [](size_t) { return kHidden; });
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
