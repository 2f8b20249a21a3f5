// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/rope.h"

#include "fovea/c/attention_call.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/c/tensor_in.h"
#include "fovea/check.h"
#include "fovea/fovea.h"
#include "fovea/rope_rates.h"
#include "fovea/run_time/row_turner.h"

namespace fovea {
namespace c {
namespace {

Status CheckDim(size_t dim) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCount(dim, 2 * run_time::kMaxPairs));
  return dim % 2 == 0 ? Status::kOk : Status::kUnsupported;
}

Status Rates(size_t dim, double base, fovea_rope_scaling scaling, double factor,
             uint64_t* rates) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(rates));
  FOVEA_RETURN_IF_BAD(CheckDim(dim));
  const int number = static_cast<int>(scaling);
  if (number < FOVEA_ROPE_UNSCALED || number > FOVEA_ROPE_NTK) {
    return Status::kUnsupported;
  }
  const RopeOptions options{base, static_cast<RopeScaling>(number), factor};
  if (!options.AreValid()) return Status::kBadScale;
  const RopeRates of(options, dim);
  for (size_t i = 0; i < dim / 2; ++i) rates[i] = of.OfPair(i);
  return Status::kOk;
}

Status CheckAngles(const fovea_rope& call) noexcept {
  if (call.rates != nullptr) {
    FOVEA_RETURN_IF_BAD(CheckArray(call.rates));
    return call.rates[0] != 0 ? Status::kOk : Status::kBadScale;
  }
  const Extent extent{call.batch, 1, call.tokens, call.dim / 2};
  const float* const both[] = {call.cos, call.sin};
  for (const float* angles : both) {
    const View<const float> view{angles, call.angle_batch_stride, 0,
                                 call.angle_token_stride};
    FOVEA_RETURN_IF_BAD(CheckTensor(view, extent, Shares::kAll));
  }
  return Status::kOk;
}

Status Run(const fovea_rope* from) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(from));
  const fovea_rope& call = *from;
  FOVEA_RETURN_IF_BAD(CheckDim(call.dim));
  if (call.batch == 0 || call.heads == 0 || call.tokens == 0) {
    return Status::kZeroCount;
  }
  const Extent extent{call.batch, call.heads, call.tokens, call.dim};
  FOVEA_RETURN_IF_BAD(CheckTensor(ViewOf(call.x), extent, Shares::kNothing));
  FOVEA_RETURN_IF_BAD(CheckAngles(call));
  run_time::Rotate({ViewOf(call.x), call.batch, call.heads, call.tokens,
                    call.dim / 2, call.interleaved != 0, call.rates,
                    call.first_position, call.cos, call.sin,
                    call.angle_batch_stride, call.angle_token_stride});
  return Status::kOk;
}

constexpr fovea_turner kTurner = {run_time::AnglesAt, run_time::RotateRow};

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" const fovea_turner* fovea_rope_turner(void) {
  return &fovea::c::kTurner;
}

extern "C" fovea_status fovea_rope_rates(size_t dim, double base,
                                         fovea_rope_scaling scaling,
                                         double factor, uint64_t* rates) {
  return fovea::c::Out(fovea::c::Rates(dim, base, scaling, factor, rates));
}

extern "C" fovea_status fovea_rope_run(const fovea_rope* call) {
  return fovea::c::Out(fovea::c::Run(call));
}
