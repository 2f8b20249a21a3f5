// SPDX-License-Identifier: Apache-2.0
// The one of integer attention that takes real numbers, in a file of its own.
#include "fovea/integer_scales.h"

#include <cstddef>

#include "fovea/c/cache_place.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/check.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

Quantisation QuantisationOf(const fovea_quantisation& of) noexcept {
  return {of.scale, of.zero_point};
}

Status MakeScales(const fovea_integer_real* from,
                  fovea_integer_scales* to) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(from));
  FOVEA_RETURN_IF_BAD(CheckArray(to));
  FOVEA_RETURN_IF_BAD(CheckCount(from->head_dim, kMaxDim));
  const QuantisedScales real{QuantisationOf(from->q), QuantisationOf(from->k),
                             QuantisationOf(from->v), QuantisationOf(from->out),
                             from->softmax_scale};
  IntegerScales scales;
  FOVEA_RETURN_IF_BAD(MakeIntegerScales(real, from->head_dim, scales));
  *to = {scales.score_multiplier, scales.output_multiplier, scales.output_shift,
         scales.query_zero,       scales.value_zero,        scales.output_zero};
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" fovea_status fovea_integer_attention_scales(
    const fovea_integer_real* real, fovea_integer_scales* scales) {
  return fovea::c::Out(fovea::c::MakeScales(real, scales));
}
