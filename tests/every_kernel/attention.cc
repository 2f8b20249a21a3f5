// SPDX-License-Identifier: Apache-2.0
#include "fovea/attention.h"

#include "fovea/kv_cache.h"

namespace every_kernel {

// A policy that hides what is far.
struct Sparse {
  static constexpr bool kMasks = true;
  template <class D, class V, class I>
  HWY_INLINE V operator()(D d, V score, I query, I key, I head) const {
    namespace hn = hwy::HWY_NAMESPACE;
    const V distance = hn::ConvertTo(d, hn::Sub(query, hn::Sub(key, head)));
    return hn::IfThenElse(hn::Gt(distance, hn::Set(d, 9.0f)),
                          hn::Neg(hn::Inf(d)), score);
  }
};
// All features at once.
struct Everything : fovea::AttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 20;
  static constexpr size_t kValueDim = 12;
  static constexpr size_t kMaxQueries = 40, kMaxKeys = 100;
  static constexpr size_t kWindow = 50, kSinks = 3;
  static constexpr fovea::MaskKind kMask = fovea::MaskKind::kAdditive;
  static constexpr bool kCausal = true, kSoftcap = true, kAlibi = true;
  static constexpr bool kSinkLogits = true, kLse = true, kWeights = true;
  static constexpr fovea::ScoreStage kScores = fovea::ScoreStage::kMasked;
  using ScorePolicy = Sparse;
};
using AnyAttention = fovea::Attention<Everything>;

struct FeatureMemory {
  fovea::KvCache<Everything> any_cache;
  AnyAttention::Workspace any;
  AnyAttention::PartialWorkspace partial;
};

fovea::Status LinkFeatures(const AnyAttention::Call& call,
                           const AnyAttention::Partial& partial,
                           FeatureMemory& m) {
  FOVEA_RETURN_IF_BAD(AnyAttention::Run(call, m.any));
  FOVEA_RETURN_IF_BAD(AnyAttention::Run(call, m.any, 0, 2));
  FOVEA_RETURN_IF_BAD(AnyAttention::Step(call, m.any_cache, m.any));
  FOVEA_RETURN_IF_BAD(AnyAttention::Attend(call, m.any_cache, m.any));
  FOVEA_RETURN_IF_BAD(AnyAttention::Attend(call, m.any_cache, m.any, 0, 2));
  FOVEA_RETURN_IF_BAD(AnyAttention::RunPartial(call, 0, 9, partial, m.partial));
  FOVEA_RETURN_IF_BAD(
      AnyAttention::AttendPartial(call, m.any_cache, 0, 9, partial, m.partial));
  return AnyAttention::MergePartials(call, &partial, 1);
}

}  // namespace every_kernel
