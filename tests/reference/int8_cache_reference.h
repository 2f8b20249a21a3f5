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

  // smooths: keys are stored less means.
  Int8Cache(size_t head_dim, size_t value_dim, bool smooths)
      : dim_(head_dim),
        value_dim_(value_dim),
        smooths_(smooths),
        means_{Row(head_dim, 0.0f)} {}

  void Append(const float* key, const float* value) {
    const size_t t = keys_.size();
    if (smooths_ && (t == 16 || (t > 0 && t % 64 == 0))) TakeMean();
    Row centred(key, key + dim_);
    for (size_t d = 0; d < dim_; ++d) centred[d] -= means_.back()[d];
    keys_.push_back(Quantise(centred));
    mean_of_.push_back(means_.size() - 1);
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

  // Of what is stored of the 16 tokens before.
  void TakeMean() {
    Row sum(dim_, 0.0f);
    for (size_t t = keys_.size() - 16; t < keys_.size(); ++t) {
      for (size_t d = 0; d < dim_; ++d) {
        const float x =
            static_cast<float>(keys_[t].entries[d]) * keys_[t].scale;
        sum[d] += x / 16.0f;
      }
    }
    for (size_t d = 0; d < dim_; ++d) sum[d] = means_.back()[d] + sum[d];
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
    const float of_mean =
        mean_of_[j] == 0 ? 0.0f : FloatDot(means_[mean_of_[j]], q);
    return MultiplyAdd(dot, key.scale * query.scale, of_mean);
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
  bool smooths_;
  std::vector<Row> means_;  // the first is 0
  std::vector<size_t> mean_of_;
  std::vector<QuantisedRow> keys_, values_;
};

}  // namespace fovea::reference

#endif  // FOVEA_TESTS_REFERENCE_INT8_CACHE_REFERENCE_H_
