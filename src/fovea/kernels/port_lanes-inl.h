// SPDX-License-Identifier: Apache-2.0
// The softmax of four neighbours at a time by a port, where Highway has one
// lane (port/float_lanes.h).
#if defined(FOVEA_KERNELS_PORT_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_PORT_LANES_INL_H_
#undef FOVEA_KERNELS_PORT_LANES_INL_H_
#else
#define FOVEA_KERNELS_PORT_LANES_INL_H_
#endif

#include "fovea/kernels/simd-inl.h"
#include "port/float_lanes.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

#if FOVEA_HAS_FLOAT_LANES && HWY_TARGET == HWY_SCALAR

constexpr size_t kPortLanes = 4;

// scores[key][4 queries] of whole keys become probabilities.  Raises max[4] and
// returns their sums in sums[4].
HWY_INLINE void PortSoftmaxOfQueries(float* scores, size_t keys, float* max,
                                     float* sums) {
  float partial[kPanel * kPortLanes] = {};
  port::RaiseMax(scores, keys, max);
  for (size_t key = 0; key < keys; key += kPanel) {
    port::AddProbabilities(scores + key * kPortLanes,
                           HWY_MIN(keys - key, kPanel), max, partial);
  }
  port::FoldSums(partial);
  for (size_t i = 0; i < kPortLanes; ++i) sums[i] = partial[i];
}

// Raises `max` by whole vectors of the row's scores below `count`; returns how
// many scores that were.
HWY_INLINE size_t PortMaxOfRow(const float* scores, size_t count, float& max) {
  float most[kPortLanes] = {max, max, max, max};
  const size_t vectors = count / kPortLanes;
  port::RaiseMax(scores, vectors, most);
  for (size_t i = 0; i < kPortLanes; ++i) {
    max = hn::GetLane(
        Larger(hn::Set(FloatTag(), most[i]), hn::Set(FloatTag(), max)));
  }
  return vectors * kPortLanes;
}

// The row's scores, whole panels, become probabilities; returns their sum.
HWY_INLINE float PortProbabilitiesOfRow(float* scores, size_t padded,
                                        float max) {
  const float most[kPortLanes] = {max, max, max, max};
  float partial[kPanel] = {};
  for (size_t key = 0; key < padded; key += kPanel) {
    port::AddProbabilities(scores + key, kPanel / kPortLanes, most, partial);
  }
  return TreeSum16(partial);
}

// to[i * step] = from[i] * factor for whole vectors below `count`; returns how
// many.
HWY_INLINE size_t PortScale(const float* from, size_t count, float factor,
                            float* to, size_t step) {
  const size_t vectors = count / kPortLanes;
  if (step == 1) {
    port::Scale(from, vectors, factor, to);
  } else {
    port::ScaleApart(from, vectors, factor, to, step);
  }
  return vectors * kPortLanes;
}

#else

// None: what follows is never called.
constexpr size_t kPortLanes = 0;

HWY_INLINE HWY_MAYBE_UNUSED void PortSoftmaxOfQueries(float*, size_t, float*,
                                                      float*) {}
HWY_INLINE HWY_MAYBE_UNUSED size_t PortMaxOfRow(const float*, size_t, float&) {
  return 0;
}
HWY_INLINE HWY_MAYBE_UNUSED float PortProbabilitiesOfRow(float*, size_t,
                                                         float max) {
  return max;
}

HWY_INLINE HWY_MAYBE_UNUSED size_t PortScale(const float*, size_t, float,
                                             float*, size_t) {
  return 0;
}

#endif

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#endif  // FOVEA_KERNELS_PORT_LANES_INL_H_
