// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_C_VIEWS_H_
#define FOVEA_C_VIEWS_H_

#include <cstdint>

#include "fovea/fovea.h"
#include "fovea/view.h"

namespace fovea {
namespace c {

inline View<const float> ViewOf(const fovea_input& input) noexcept {
  return {input.data, input.batch_stride, input.head_stride,
          input.token_stride};
}
inline View<float> ViewOf(const fovea_output& output) noexcept {
  return {output.data, output.batch_stride, output.head_stride,
          output.token_stride};
}
inline View<const uint8_t> ViewOf(const fovea_mask& mask) noexcept {
  return {mask.data, mask.batch_stride, mask.head_stride, mask.token_stride};
}
inline View<const int8_t> ViewOf(const fovea_int8_input& input) noexcept {
  return {input.data, input.batch_stride, input.head_stride,
          input.token_stride};
}
inline View<int8_t> ViewOf(const fovea_int8_output& output) noexcept {
  return {output.data, output.batch_stride, output.head_stride,
          output.token_stride};
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_VIEWS_H_
