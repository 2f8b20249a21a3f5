// SPDX-License-Identifier: Apache-2.0
// s = q . k with the same bits in every orientation: each score adds chains of
// fused multiply-adds over kChain dims in order.  q carries the softmax scale
// and log2(e).  What lies across the lanes:
//
//   scores_across_queries-inl.h  queries, for keys in plain rows:
//                                scores[key][query]
//   scores_across_keys-inl.h     keys, from panels or packed on the way:
//                                scores[query][key]
#if defined(FOVEA_KERNELS_SCORES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_SCORES_INL_H_
#undef FOVEA_KERNELS_SCORES_INL_H_
#else
#define FOVEA_KERNELS_SCORES_INL_H_
#endif

#include "fovea/kernels/block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

// A part of the dims whose products are one chain.
struct Chain {
  size_t dim;
  size_t count;
  bool first;
  bool last;
};

// Calls body(chain) for the dims in order.
template <class Body>
HWY_INLINE void ForChains(size_t dims, const Body& body) {
  for (size_t dim = 0; dim < dims; dim += kChain) {
    const bool last = dims - dim <= kChain;
    body(Chain{dim, last ? dims - dim : kChain, dim == 0, last});
  }
}

template <class Shape>
HWY_INLINE const float* QueryRow(const HeadGroup& group, size_t row) {
  return group.q + TokenOfRow<Shape>(group, row) * group.q_token_stride +
         HeadOfRow<Shape>(group, row) * group.q_head_stride;
}

// Rows of q as the scores take them but for the scale: turned, if at all, into
// room[place][head_dim].  Best asked for in order.
template <class Shape, class Turner = typename Shape::Features::Turner>
class QuerySource {
 public:
  explicit HWY_INLINE QuerySource(const GroupOf<Shape>& group)
      : group_(group), turner_(*group.rope) {}

  HWY_INLINE const float* operator()(size_t row, float* room, size_t place) {
    const size_t token = TokenOfRow<Shape>(group_, row);
    if (token != token_) turner_.MoveTo(group_.rotary_position + token);
    token_ = token;
    float* turned = room + place * group_.head_dim;
    turner_.Turn(QueryRow<Shape>(group_, row), group_.head_dim, turned);
    return turned;
  }

 private:
  const GroupOf<Shape>& group_;
  size_t token_ = ~size_t{0};  // none yet
  Turner turner_;
};

template <class Shape>
class QuerySource<Shape, void> {
 public:
  explicit HWY_INLINE QuerySource(const GroupOf<Shape>& group)
      : group_(group) {}

  HWY_INLINE const float* operator()(size_t row, float* /*room*/,
                                     size_t /*place*/) const {
    return QueryRow<Shape>(group_, row);
  }

 private:
  const HeadGroup& group_;
};

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_SCORES_INL_H_
