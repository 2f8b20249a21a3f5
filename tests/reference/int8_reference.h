// SPDX-License-Identifier: Apache-2.0
// Attention in int8 as docs/numerics.md states it, one operation at a time in
// plain C++: every bit of the kernels, in each class of targets.
#ifndef FOVEA_TESTS_REFERENCE_INT8_REFERENCE_H_
#define FOVEA_TESTS_REFERENCE_INT8_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "tests/golden/hash_class.h"

namespace fovea::reference {

inline float MultiplyAdd(float a, float b, float c) {
  return golden::kHashClass == golden::HashClass::kFused ? std::fma(a, b, c)
                                                         : a * b + c;
}

// To the nearest integer, ties to even.
inline int32_t Round(float x) {
  return static_cast<int32_t>(std::nearbyint(x));
}

// 2^x for x <= 0, with the polynomial's coefficients from the highest power.
inline float PowerOfTwo(float x, const std::vector<float>& coefficients) {
  if (x < -100.0f) return 0.0f;
  const float shift = 12582912.0f + 127.0f;
  const float sum = x + shift;
  const float n = sum - shift;
  const float f = x - n;
  float p = coefficients[0];
  for (size_t i = 1; i < coefficients.size(); ++i) {
    p = MultiplyAdd(p, f, coefficients[i]);
  }
  return p * std::ldexp(1.0f, static_cast<int>(n));
}
inline float Exp2(float x) {
  return PowerOfTwo(x, {0x1.416b54p-13f, 0x1.5f0830p-10f, 0x1.3b2de0p-7f,
                        0x1.c6af7cp-5f, 0x1.ebfbdcp-3f, 0x1.62e430p-1f, 1.0f});
}
inline float Exp2ForWeights(float x) {
  return PowerOfTwo(x, {0x1.c2a218p-5f, 0x1.f00c4ep-3f, 0x1.62f5fap-1f, 1.0f});
}

// The sum of 16 partial sums.
inline float Tree(std::vector<float> t) {
  for (size_t half = 8; half >= 1; half /= 2) {
    for (size_t i = 0; i < half; ++i) t[i] += t[i + half];
  }
  return t[0];
}

// The score of a key that is float.
inline float FloatDot(const std::vector<float>& key,
                      const std::vector<float>& q) {
  float score = 0.0f;
  for (size_t d = 0; d < q.size();) {
    float chain = 0.0f;
    for (const size_t end = d + 128; d < std::min(end, q.size()); ++d) {
      chain = MultiplyAdd(key[d], q[d], chain);
    }
    score = d <= 128 ? chain : score + chain;
  }
  return score;
}

struct QuantisedRow {
  float scale;
  std::vector<int32_t> entries;
};

inline QuantisedRow Quantise(const std::vector<float>& x) {
  float most = 0x1p-100f;
  for (const float entry : x) most = std::max(most, std::fabs(entry));
  const float inverse = 127.0f / most;
  QuantisedRow row{most / 127.0f, {}};
  for (const float entry : x) row.entries.push_back(Round(entry * inverse));
  return row;
}

// One kv head and its stream.
class Int8Attention {
 public:
  using Row = std::vector<float>;

  Int8Attention(bool int8_values, size_t head_dim, size_t value_dim,
                bool smooths = true)
      : int8_values_(int8_values),
        smooths_(smooths),
        dim_(head_dim),
        value_dim_(value_dim) {
    means_.push_back({Row(dim_, 0.0f), {}});
  }

  void Append(const float* key, const float* value) {
    const size_t t = keys_.size();
    if (smooths_ && (t == 16 || (t > 0 && t % 64 == 0))) TakeMean();
    const Mean& mean = means_.back();
    Key stored;
    stored.mean = means_.size() - 1;
    stored.exact.assign(key, key + dim_);
    Row centred(dim_);
    for (size_t d = 0; d < dim_; ++d) centred[d] = key[d] - mean.row[d];
    for (const size_t d : mean.channels) {
      stored.channels.push_back(centred[d]);
      centred[d] = 0.0f;
    }
    stored.row = Quantise(centred);
    keys_.push_back(stored);
    values_.push_back(Row(value, value + value_dim_));
    quantised_.push_back(Quantise(values_.back()));
  }

  // The output of a query that carries the softmax scale; visible [key].
  Row Attend(const Row& q, const std::vector<bool>& visible, float& m,
             float& l) const {
    const QuantisedRow query = Quantise(q);
    m = -std::numeric_limits<float>::max();
    l = 0.0f;
    Row out(value_dim_, 0.0f);
    for (size_t first = 0; first < visible.size(); first += 64) {
      std::vector<size_t> tile;
      for (size_t j = first; j < std::min(first + 64, visible.size()); ++j) {
        if (visible[j]) tile.push_back(j);
      }
      if (!tile.empty()) AddTile(q, query, tile, out, m, l);
    }
    const float inverse = l == 0.0f ? 0.0f : 1.0f / l;
    for (float& x : out) x *= inverse;
    return out;
  }

 private:
  struct Mean {
    Row row;
    std::vector<size_t> channels;
  };
  struct Key {
    Row exact;  // used of the first 16 alone
    QuantisedRow row;
    Row channels;
    size_t mean;
  };

  // A stored key less its mean.
  Row Centred(size_t t) const {
    const Key& key = keys_[t];
    if (t < 16) return key.exact;
    Row x(dim_);
    for (size_t d = 0; d < dim_; ++d) {
      x[d] = static_cast<float>(key.row.entries[d]) * key.row.scale;
    }
    const Mean& mean = means_[key.mean];
    for (size_t i = 0; i < mean.channels.size(); ++i) {
      x[mean.channels[i]] = key.channels[i];
    }
    return x;
  }

  // Of the 16 tokens before.
  void TakeMean() {
    Row mean(dim_, 0.0f), spread(dim_, 0.0f);
    for (size_t t = keys_.size() - 16; t < keys_.size(); ++t) {
      const Row x = Centred(t);
      for (size_t d = 0; d < dim_; ++d) {
        const float part = x[d] / 16.0f;
        mean[d] += part;
        spread[d] += part * x[d];
      }
    }
    float sum = 0.0f;
    std::vector<size_t> order(dim_);
    for (size_t d = 0; d < dim_; ++d) {
      spread[d] -= mean[d] * mean[d];
      sum += spread[d];
      order[d] = d;
    }
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return spread[a] != spread[b] ? spread[a] > spread[b] : a < b;
    });
    Mean next;
    for (size_t d = 0; d < dim_; ++d) {
      next.row.push_back(means_.back().row[d] + mean[d]);
    }
    if (dim_ > 2) {
      sum -= spread[order[0]];
      sum -= spread[order[1]];
      if (spread[order[0]] * static_cast<float>(dim_ - 2) > 9.0f * sum) {
        next.channels.push_back(order[0]);
        if (spread[order[1]] > 0.0f) next.channels.push_back(order[1]);
      }
    }
    means_.push_back(next);
  }

  float Score(const Row& q, const QuantisedRow& query, size_t j) const {
    const Key& key = keys_[j];
    if (j < 16) return FloatDot(key.exact, q);
    const Mean& mean = means_[key.mean];
    int32_t dot = 0;
    for (size_t d = 0; d < dim_; ++d) {
      dot += query.entries[d] * key.row.entries[d];
    }
    float rest = FloatDot(mean.row, q);
    for (size_t i = 0; i < mean.channels.size(); ++i) {
      rest = MultiplyAdd(key.channels[i], q[mean.channels[i]], rest);
    }
    const float product = static_cast<float>(dot) * query.scale;
    return MultiplyAdd(product, key.row.scale, rest);
  }

  void AddTile(const Row& q, const QuantisedRow& query,
               const std::vector<size_t>& tile, Row& out, float& m,
               float& l) const {
    Row scores;
    float most = -std::numeric_limits<float>::max();
    for (const size_t j : tile) {
      scores.push_back(Score(q, query, j));
      most = std::max(most, scores.back());
    }
    const float next = std::max(m, most);
    const float correction = Exp2(m - next);
    const float factor = Exp2(most - next);
    Row p;
    std::vector<float> partial(16, 0.0f);
    for (size_t i = 0; i < tile.size(); ++i) {
      p.push_back(int8_values_ ? Exp2ForWeights(scores[i] - most)
                               : Exp2(scores[i] - next));
      partial[tile[i] % 16] += p.back();
    }
    const float sum = Tree(partial);
    l = MultiplyAdd(l, correction, int8_values_ ? sum * factor : sum);
    m = next;
    if (int8_values_) {
      AddWeightedValues(tile, p, sum < 3.0f, factor, correction, out);
      return;
    }
    const Row product = FloatValues(tile, p);
    for (size_t d = 0; d < value_dim_; ++d) {
      out[d] = MultiplyAdd(out[d], correction, product[d]);
    }
  }

  Row FloatValues(const std::vector<size_t>& tile, const Row& p) const {
    Row product(value_dim_, -0.0f);
    for (size_t i = 0; i < tile.size(); ++i) {
      for (size_t d = 0; d < value_dim_; ++d) {
        product[d] = MultiplyAdd(p[i], values_[tile[i]][d], product[d]);
      }
    }
    return product;
  }

  void AddWeightedValues(const std::vector<size_t>& tile, const Row& p,
                         bool fine, float factor, float correction,
                         Row& out) const {
    float largest = 0x1p-100f;
    for (const size_t j : tile) {
      largest = std::max(largest, quantised_[j].scale);
    }
    const float inverse = 127.0f / largest;
    std::vector<int32_t> high(value_dim_, 0), low(value_dim_, 0);
    for (size_t i = 0; i < tile.size(); ++i) {
      const QuantisedRow& value = quantised_[tile[i]];
      float scale = value.scale * inverse;
      if (fine) scale *= 128.0f;
      const float sum = MultiplyAdd(p[i], scale, 12582912.0f);
      const int32_t weight = static_cast<int32_t>(sum - 12582912.0f);
      for (size_t d = 0; d < value_dim_; ++d) {
        high[d] += (fine ? weight >> 7 : weight) * value.entries[d];
        low[d] += (fine ? weight & 127 : 0) * value.entries[d];
      }
    }
    const float step = largest / 127.0f * factor;
    for (size_t d = 0; d < value_dim_; ++d) {
      const float product = static_cast<float>(high[d]) * step;
      out[d] = MultiplyAdd(out[d], correction, product);
      if (!fine) continue;
      out[d] = MultiplyAdd(static_cast<float>(low[d]), step / 128.0f, out[d]);
    }
  }

  bool int8_values_, smooths_;
  size_t dim_, value_dim_;
  std::vector<Mean> means_;  // the first is 0
  std::vector<Key> keys_;
  std::vector<Row> values_;
  std::vector<QuantisedRow> quantised_;
};

}  // namespace fovea::reference

#endif  // FOVEA_TESTS_REFERENCE_INT8_REFERENCE_H_
