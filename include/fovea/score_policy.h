// SPDX-License-Identifier: Apache-2.0
// How to change attention scores by a rule of one's own, as PyTorch's
// FlexAttention does with score_mod and mask_mod: name a functor in the config,
// and the kernel calls it, inlined, on a vector of scores at a time.
//
//   struct Decay {  // prefers what is near, a different amount a head
//     static constexpr bool kMasks = false;
//     float rate = 0;
//     template <class D, class V, class I>
//     HWY_INLINE V operator()(D d, V score, I query, I key, I head) const {
//       namespace hn = hwy::HWY_NAMESPACE;
//       const hn::RebindToSigned<D> di;
//       const V distance = hn::ConvertTo(d, hn::Sub(query, key));
//       const V times = hn::ConvertTo(d, hn::Add(head, hn::Set(di, 1)));
//       return hn::Sub(score, hn::Mul(hn::Mul(distance, times),
//                                     hn::Set(d, rate)));
//     }
//   };
//   struct MyConfig : fovea::AttentionConfig {
//     using ScorePolicy = Decay;
//   };
//
//   d      the Highway tag of `score`: float, up to 16 lanes, maybe one
//   score  scale * q . k, after the softcap, before ALiBi and the mask
//   query  position of the query in the stream, key likewise, head 0 to
//          kHeads - 1: int32 in the same lanes.  A first_position beyond
//          2^30, before or after key 0, counts as it.
//   returns  the new score.  With `kMasks`, -inf hides the key as a mask does;
//            without, the policy must return finite scores for finite ones.
//
// It sees every key of a tile of 64 that the masks leave to any query of a
// block, so its result for hidden keys is computed and thrown away.  Use
// operations that IEEE fixes (add, multiply, fused multiply-add, divide) and
// the bits stay the same on every target.  Data go in members of the functor,
// which Call::score_policy brings along.
#ifndef FOVEA_SCORE_POLICY_H_
#define FOVEA_SCORE_POLICY_H_

#include <type_traits>

namespace fovea {

// Whether a policy (or void) may hide keys.
template <class ScorePolicy>
struct PolicyMasks : std::integral_constant<bool, ScorePolicy::kMasks> {};
template <>
struct PolicyMasks<void> : std::false_type {};

}  // namespace fovea

#endif  // FOVEA_SCORE_POLICY_H_
