// SPDX-License-Identifier: Apache-2.0
// Score policies for tests, each with its formula in double beside it.
#ifndef FOVEA_TESTS_GOLDEN_ATTENTION_POLICIES_H_
#define FOVEA_TESTS_GOLDEN_ATTENTION_POLICIES_H_

#include <hwy/highway.h>
#include <stddef.h>
#include <stdint.h>

#include <limits>

namespace fovea::golden {

// Prefers what is near, a different amount a head; `rate` is its run-time data.
struct Decay {
  static constexpr bool kMasks = false;
  float rate = 0;

  static Decay Of(uint64_t seed) {
    return {static_cast<float>(1 + seed % 4) / 64};
  }

  template <class D, class V, class I>
  HWY_INLINE V operator()(D d, V score, I query, I key, I head) const {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::RebindToSigned<D> di;
    const V distance = hn::ConvertTo(d, hn::Abs(hn::Sub(query, key)));
    const V times = hn::ConvertTo(d, hn::Add(head, hn::Set(di, 1)));
    const V of_head = hn::Mul(hn::Set(d, rate), times);
    return hn::Sub(score, hn::Mul(distance, of_head));
  }

  double InDouble(double score, ptrdiff_t query, ptrdiff_t key,
                  size_t head) const {
    const ptrdiff_t distance = query < key ? key - query : query - key;
    return score - double{rate} * static_cast<double>(head + 1) *
                       static_cast<double>(distance);
  }
};

// Hides every other pair of distances, and lifts each head by another amount.
struct Dilated {
  static constexpr bool kMasks = true;

  static Dilated Of(uint64_t) { return {}; }

  template <class D, class V, class I>
  HWY_INLINE V operator()(D d, V score, I query, I key, I head) const {
    namespace hn = hwy::HWY_NAMESPACE;
    const hn::RebindToSigned<D> di;
    const I bit = hn::And(hn::Sub(query, key), hn::Set(di, 2));
    const auto hidden = hn::RebindMask(d, hn::Ne(bit, hn::Zero(di)));
    const V lift = hn::Mul(hn::ConvertTo(d, head), hn::Set(d, 0.25f));
    return hn::IfThenElse(hidden, hn::Neg(hn::Inf(d)), hn::Add(score, lift));
  }

  double InDouble(double score, ptrdiff_t query, ptrdiff_t key,
                  size_t head) const {
    if (((query - key) & 2) != 0) {
      return -std::numeric_limits<double>::infinity();
    }
    return score + 0.25 * static_cast<double>(head);
  }
};

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_ATTENTION_POLICIES_H_
