// SPDX-License-Identifier: Apache-2.0
#include "every_kernel.h"
#include "fovea/cache_view.h"
#include "fovea/kv_cache.h"

namespace every_kernel {

struct Endless : Full {
  using CacheElement = hwy::bfloat16_t;
  static constexpr bool kCausal = true, kRing = true, kLse = true;
  static constexpr size_t kWindow = 50, kSinks = 3;
};
struct Half : Full {
  using CacheElement = hwy::float16_t;
};
struct Small : Full {
  using CacheElement = int8_t;
};
using SmallAttention = fovea::Attention<Small>;
using EndlessAttention = fovea::Attention<Endless>;
using HalfAttention = fovea::Attention<Half>;

struct CacheMemory {
  fovea::KvCache<Endless> ring;
  EndlessAttention::Workspace endless;
  fovea::KvCache<Half> half_cache;
  HalfAttention::Workspace half;
  fovea::KvCache<Small> small_cache;
  SmallAttention::Workspace small;
};

fovea::Status LinkCaches(const EndlessAttention::Call& endless,
                         const HalfAttention::Call& half,
                         const SmallAttention::Call& small,
                         fovea::KvCache<Endless>* const* streams, void* saved,
                         CacheMemory& m) {
  FOVEA_RETURN_IF_BAD(SmallAttention::Step(small, m.small_cache, m.small));
  FOVEA_RETURN_IF_BAD(m.small_cache.Save(saved, m.small_cache.SavedBytes()));
  FOVEA_RETURN_IF_BAD(m.small_cache.Restore(saved, m.small_cache.SavedBytes()));
  FOVEA_RETURN_IF_BAD(EndlessAttention::Step(endless, streams, m.endless));
  FOVEA_RETURN_IF_BAD(EndlessAttention::Attend(endless, m.ring, m.endless));
  FOVEA_RETURN_IF_BAD(m.ring.Truncate(1));
  FOVEA_RETURN_IF_BAD(HalfAttention::Step(half, m.half_cache, m.half));
  FOVEA_RETURN_IF_BAD(m.ring.Save(saved, m.ring.SavedBytes()));
  FOVEA_RETURN_IF_BAD(m.ring.Restore(saved, m.ring.SavedBytes()));
  fovea::CacheView<Half> view;
  FOVEA_RETURN_IF_BAD(fovea::CacheView<Half>::Open(saved, 64, view));
  return HalfAttention::Attend(half, view, m.half);
}

}  // namespace every_kernel
