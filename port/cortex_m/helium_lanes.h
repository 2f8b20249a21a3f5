// SPDX-License-Identifier: Apache-2.0
// The softmax's loops in Helium (MVE with floats).
#ifndef FOVEA_PORT_CORTEX_M_HELIUM_LANES_H_
#define FOVEA_PORT_CORTEX_M_HELIUM_LANES_H_

#include <arm_mve.h>
#include <stddef.h>

#include "fovea/kernels/exp2_constants.h"

namespace fovea::port {
namespace {

inline void RaiseMax(const float* scores, size_t vectors, float* max) {
  float32x4_t most = vld1q_f32(max);
  for (; vectors != 0; --vectors, scores += 4) {
    most = vmaxnmq_f32(vld1q_f32(scores), most);
  }
  vst1q_f32(max, most);
}

// Exp2 of exp2-inl.h: vfmas is p * f + a constant in one rounding.
inline float32x4_t Exp2(float32x4_t x) {
  constexpr const float* c = kExp2Coefficients;
  const float32x4_t rounded = vaddq_n_f32(x, kRoundAndBias);
  const float32x4_t f = vsubq_f32(x, vsubq_n_f32(rounded, kRoundAndBias));
  float32x4_t p = vfmaq_n_f32(vdupq_n_f32(c[4]), f, c[5]);
  p = vfmasq_n_f32(p, f, c[3]);
  p = vfmasq_n_f32(p, f, c[2]);
  p = vfmasq_n_f32(p, f, c[1]);
  p = vfmasq_n_f32(p, f, c[0]);
  p = vfmasq_n_f32(p, f, 1.0f);
  const int32x4_t power = vshlq_n_s32(vreinterpretq_s32_f32(rounded), 23);
  p = vmulq_f32(p, vreinterpretq_f32_s32(power));
  // p, but 0 where x < kExp2Underflow: as "greater", for "less" is true of NaN
  // too.  GCC 12 moves the predicate of the intrinsics to a core register and
  // back.
  __asm__("vpt.f32 gt, %q1, %q2\n vmovt.i32 %q0, #0"
          : "+w"(p)
          : "w"(vdupq_n_f32(kExp2Underflow)), "w"(x)
          : "p0");
  return p;
}

inline void AddProbabilities(float* scores, size_t vectors, const float* max,
                             float* sums) {
  const float32x4_t most = vld1q_f32(max);
  for (; vectors != 0; --vectors, scores += 4, sums += 4) {
    const float32x4_t p = Exp2(vsubq_f32(vld1q_f32(scores), most));
    vst1q_f32(scores, p);
    vst1q_f32(sums, vaddq_f32(vld1q_f32(sums), p));
  }
}

inline void FoldSums(float* sums) {
  for (size_t half = 8; half != 0; half /= 2) {
    for (size_t i = 0; i < 4 * half; i += 4) {
      const float32x4_t high = vld1q_f32(sums + 4 * half + i);
      vst1q_f32(sums + i, vaddq_f32(vld1q_f32(sums + i), high));
    }
  }
}

inline void Scale(const float* from, size_t vectors, float factor, float* to) {
  for (; vectors != 0; --vectors, from += 4, to += 4) {
    vst1q_f32(to, vmulq_n_f32(vld1q_f32(from), factor));
  }
}

inline void ScaleApart(const float* from, size_t vectors, float factor,
                       float* to, size_t step) {
  const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), step);
  for (; vectors != 0; --vectors, from += 4, to += 4 * step) {
    const float32x4_t scaled = vmulq_n_f32(vld1q_f32(from), factor);
    vstrwq_scatter_shifted_offset_f32(to, places, scaled);
  }
}

}  // namespace
}  // namespace fovea::port

#endif  // FOVEA_PORT_CORTEX_M_HELIUM_LANES_H_
