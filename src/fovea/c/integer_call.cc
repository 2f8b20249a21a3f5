// SPDX-License-Identifier: Apache-2.0
#include "fovea/c/integer_call.h"

#include "fovea/c/common_problem.h"
#include "fovea/c/struct_in.h"
#include "fovea/c/tensor_in.h"
#include "fovea/check.h"
#include "fovea/check_options.h"
#include "fovea/dispatch/integer_attention.h"
#include "fovea/integer_config.h"

namespace fovea {
namespace c {
namespace {

Status CheckScales(const fovea_integer_scales* scales) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(scales));
  const auto is_byte = [](int32_t x) { return x >= -128 && x <= 127; };
  const bool good = scales->output_multiplier >= 1 << 30 &&
                    scales->output_shift >= -31 && scales->output_shift <= 19 &&
                    is_byte(scales->query_zero) &&
                    is_byte(scales->value_zero) && is_byte(scales->output_zero);
  return good ? Status::kOk : Status::kBadScale;
}

IntegerScales ScalesOf(const fovea_integer_scales& of) noexcept {
  IntegerScales scales;
  scales.score_multiplier = of.score_multiplier;
  scales.output_multiplier = of.output_multiplier;
  scales.output_shift = of.output_shift;
  scales.query_zero = static_cast<int8_t>(of.query_zero);
  scales.value_zero = static_cast<int8_t>(of.value_zero);
  scales.output_zero = static_cast<int8_t>(of.output_zero);
  return scales;
}

size_t WorkspaceBytes(const fovea_integer_attention& call) noexcept {
  const size_t rows = call.heads / call.kv_heads * call.queries;
  return run_time::IntegerWorkspaceBytes(call.head_dim, call.value_dim, rows);
}

}  // namespace

Status CheckShape(const fovea_integer_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(call));
  return CheckCounts(*call);
}

Status CheckCall(const fovea_integer_attention& call, Reads reads,
                 size_t keys) noexcept {
  FOVEA_RETURN_IF_BAD(CheckSizes(call, keys));
  FOVEA_RETURN_IF_BAD(CheckWorkspace(call, WorkspaceBytes(call)));
  FOVEA_RETURN_IF_BAD(CheckTensors(call, reads, keys));
  FOVEA_RETURN_IF_BAD(CheckOut(call));
  FOVEA_RETURN_IF_BAD(CheckScales(call.scales));
  FOVEA_RETURN_IF_BAD(CheckLengths(call, reads, keys));
  FOVEA_RETURN_IF_BAD(CheckWindow(call));
  const Extent scores{call.batch, call.heads, call.queries, keys};
  FOVEA_RETURN_IF_BAD(CheckMask(ViewOf(call.mask), call.mask_keys, scores));
  FOVEA_RETURN_IF_BAD(CheckAddresses(ViewOf(call.mask), scores));
  return CheckParts(call);
}

run_time::IntegerProblem ProblemOf(const fovea_integer_attention& call,
                                   size_t keys) noexcept {
  auto problem = CommonProblemOf<run_time::IntegerProblem>(call, keys);
  problem.scales = ScalesOf(*call.scales);
  return problem;
}

}  // namespace c
}  // namespace fovea
