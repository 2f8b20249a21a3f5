// SPDX-License-Identifier: Apache-2.0
// A cache of int8 and the attention from it in float, as docs/numerics.md
// states them, one operation at a time in plain C++: every bit of the kernels,
// in each class of targets.
#ifndef FOVEA_TESTS_REFERENCE_INT8_CACHE_REFERENCE_H_
#define FOVEA_TESTS_REFERENCE_INT8_CACHE_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/reference/int8_reference.h"

namespace fovea::reference {

// A row of numbers as high * 2^bits + low, times a scale.
struct TwoParts {
  float scale;
  std::vector<int32_t> high, low;
};

// As whole numbers up to `most`, whose low parts begin at -below.
inline TwoParts SplitRow(const std::vector<float>& x, float most, int bits,
                         int32_t below) {
  float largest = 0x1p-100f;
  for (const float entry : x) largest = std::max(largest, std::fabs(entry));
  const float inverse = most / largest;
  TwoParts parts{largest / most, {}, {}};
  for (const float entry : x) {
    const int32_t whole = Round(entry * inverse);
    parts.high.push_back((whole + below) >> bits);
    parts.low.push_back(whole - (1 << bits) * parts.high.back());
  }
  return parts;
}

// One kv head and its stream, all of it: a ring forgets what no query sees.
class Int8Cache {
 public:
  using Row = std::vector<float>;

  // `slots`: of the cache's storage; 0: keys are stored as they are.
  Int8Cache(size_t head_dim, size_t value_dim, size_t slots)
      : dim_(head_dim), value_dim_(value_dim), means_{Row(head_dim, 0.0f)} {
    for (size_t first = 16; first < slots; first *= 4) {
      firsts_.push_back(first);
    }
  }

  void Append(const float* key, const float* value) {
    const size_t t = keys_.size();
    const size_t mean = MeanOf(t);
    if (mean > 0 && t == firsts_[mean - 1]) TakeMean(mean);
    Row centred(key, key + dim_);
    for (size_t d = 0; mean > 0 && d < dim_; ++d) centred[d] -= means_[mean][d];
    keys_.push_back(Quantise(centred));
    values_.push_back(Quantise(Row(value, value + value_dim_)));
  }

  // The output of a query that carries the softmax scale; visible [key].  What
  // its scores become is change(key, score).
  template <class Change>
  Row Attend(const Row& q, const std::vector<bool>& visible,
             const Change& change) const {
    const TwoParts query = SplitRow(q, 32512.0f, 8, 128);
    State state{-std::numeric_limits<float>::max(), 0.0f,
                Row(value_dim_, 0.0f)};
    for (size_t first = 0; first < visible.size(); first += 64) {
      std::vector<size_t> tile;
      for (size_t j = first; j < std::min(first + 64, visible.size()); ++j) {
        if (visible[j]) tile.push_back(j);
      }
      if (tile.empty()) continue;
      Row scores;
      for (const size_t j : tile) {
        scores.push_back(change(j, Score(q, query, j)));
      }
      AddTile(tile, scores, state);
    }
    const float inverse = state.l == 0.0f ? 0.0f : 1.0f / state.l;
    for (float& x : state.out) x *= inverse;
    return state.out;
  }

 private:
  struct State {
    float m, l;
    Row out;
  };

  // How many of the first tokens of a mean are at most t.
  size_t MeanOf(size_t t) const {
    size_t mean = 0;
    for (const size_t first : firsts_) mean += first <= t ? 1 : 0;
    return mean;
  }

  // Of what is stored of the 64 tokens before, or of the first 16.
  void TakeMean(size_t mean) {
    const size_t end = keys_.size(), count = std::min<size_t>(end, 64);
    Row sum(dim_, 0.0f);
    for (size_t t = end - count; t < end; ++t) {
      for (size_t d = 0; d < dim_; ++d) {
        const float difference =
            static_cast<float>(keys_[t].entries[d]) * keys_[t].scale;
        sum[d] += difference + means_[MeanOf(t)][d];
      }
    }
    for (float& x : sum) x /= static_cast<float>(count);
    means_.resize(mean);
    means_.push_back(sum);
  }

  float Score(const Row& q, const TwoParts& query, size_t j) const {
    const QuantisedRow& key = keys_[j];
    int32_t high = 0, low = 0;
    for (size_t d = 0; d < dim_; ++d) {
      high += query.high[d] * key.entries[d];
      low += query.low[d] * key.entries[d];
    }
    const float dot = static_cast<float>(int64_t{256} * high + low);
    const float score = dot * (key.scale * query.scale);
    const size_t mean = MeanOf(j);
    return mean == 0 ? score : score + DotOfMean(q, mean);
  }

  float DotOfMean(const Row& q, size_t mean) const {
    std::vector<float> partial(16, 0.0f);
    for (size_t d = 0; d < dim_; ++d) {
      partial[d % 16] = MultiplyAdd(q[d], means_[mean][d], partial[d % 16]);
    }
    return Tree(partial);
  }

  void AddTile(const std::vector<size_t>& tile, const Row& scores,
               State& state) const {
    float next = state.m;
    for (const float score : scores) next = std::max(next, score);
    const float correction = Exp2(state.m - next);
    std::vector<float> partial(16, 0.0f);
    Row weights;  // probabilities times the scales of their values
    for (size_t i = 0; i < tile.size(); ++i) {
      const float p = Exp2(scores[i] - next);
      partial[tile[i] % 16] += p;
      weights.push_back(p * values_[tile[i]].scale);
    }
    state.l = MultiplyAdd(state.l, correction, Tree(partial));
    state.m = next;
    AddValues(tile, SplitRow(weights, 16256.0f, 7, 0), correction, state.out);
  }

  void AddValues(const std::vector<size_t>& tile, const TwoParts& weights,
                 float correction, Row& out) const {
    for (size_t d = 0; d < value_dim_; ++d) {
      int32_t high = 0, low = 0;
      for (size_t i = 0; i < tile.size(); ++i) {
        high += weights.high[i] * values_[tile[i]].entries[d];
        low += weights.low[i] * values_[tile[i]].entries[d];
      }
      const float sum = static_cast<float>(128 * high + low);
      out[d] = MultiplyAdd(out[d], correction, sum * weights.scale);
    }
  }

  size_t dim_, value_dim_;
  std::vector<size_t> firsts_;
  std::vector<Row> means_;
  std::vector<QuantisedRow> keys_, values_;
};

}  // namespace fovea::reference

#endif  // FOVEA_TESTS_REFERENCE_INT8_CACHE_REFERENCE_H_
