// SPDX-License-Identifier: Apache-2.0
#include "fovea/c/attention_call.h"

#include "fovea/c/common_problem.h"
#include "fovea/c/struct_in.h"
#include "fovea/c/tensor_in.h"
#include "fovea/check.h"
#include "fovea/check_options.h"
#include "fovea/default_scale.h"

namespace fovea {
namespace c {
namespace {

// As a division and a root a call it would cost more than the call itself.
struct ScaleTable {
  constexpr ScaleTable() : of_dim{} {
    for (size_t dim = 1; dim <= kMaxDim; ++dim) of_dim[dim] = DefaultScale(dim);
  }
  float of_dim[kMaxDim + 1];
};
constexpr ScaleTable kDefaultScales;

Status CheckEveryOption(const fovea_attention& call, size_t keys) noexcept {
  const Extent scores{call.batch, call.heads, call.queries, keys};
  FOVEA_RETURN_IF_BAD(CheckMask(ViewOf(call.mask), call.mask_keys, scores));
  FOVEA_RETURN_IF_BAD(CheckMask(ViewOf(call.bias), call.mask_keys, scores));
  FOVEA_RETURN_IF_BAD(CheckAddresses(ViewOf(call.mask), scores));
  FOVEA_RETURN_IF_BAD(CheckAddresses(ViewOf(call.bias), scores));
  const Extent blocks = BlocksOf(scores);
  FOVEA_RETURN_IF_BAD(
      CheckMask(ViewOf(call.block_mask), call.mask_blocks, blocks));
  FOVEA_RETURN_IF_BAD(CheckAddresses(ViewOf(call.block_mask), blocks));
  FOVEA_RETURN_IF_BAD(CheckSoftcap(call.softcap));
  FOVEA_RETURN_IF_BAD(CheckSlopes(call.alibi_slopes, call.heads));
  return CheckSinkLogits(call.sink_logits, call.heads);
}

Status CheckOutputs(const fovea_attention& call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckOut(call));
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(call.lse));
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(call.weights));
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(call.scores));
  const int stage = static_cast<int>(call.score_stage);
  const bool known = stage >= FOVEA_SCORES_NONE && stage <= FOVEA_SCORES_MASKED;
  return known ? Status::kOk : Status::kUnsupported;
}

// Of what the kernels of causal and plain attention lack.
bool IsRich(const fovea_attention& call) noexcept {
  return call.window != 0 || call.mask.data != nullptr ||
         call.bias.data != nullptr || call.block_mask.data != nullptr ||
         call.softcap != 0.0f || call.alibi_slopes != nullptr ||
         call.sink_logits != nullptr || call.rotary != nullptr;
}

}  // namespace

bool HasMatrix(const fovea_attention& call) noexcept {
  return call.weights != nullptr ||
         (call.scores != nullptr && call.score_stage != FOVEA_SCORES_NONE);
}

Status CheckShape(const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(call));
  return CheckCounts(*call);
}

Status CheckCall(const fovea_attention& call, Reads reads, size_t keys,
                 size_t workspace_bytes, bool is_partial) noexcept {
  FOVEA_RETURN_IF_BAD(CheckSizes(call, keys));
  FOVEA_RETURN_IF_BAD(CheckWorkspace(call, workspace_bytes));
  FOVEA_RETURN_IF_BAD(CheckTensors(call, reads, keys));
  if (!is_partial) FOVEA_RETURN_IF_BAD(CheckOutputs(call));
  if (!IsFinite(call.scale)) return Status::kBadScale;
  FOVEA_RETURN_IF_BAD(CheckLengths(call, reads, keys));
  FOVEA_RETURN_IF_BAD(CheckRotary(call.rotary, call.head_dim));
  FOVEA_RETURN_IF_BAD(CheckWindow(call));
  FOVEA_RETURN_IF_BAD(CheckEveryOption(call, keys));
  return CheckParts(call);
}

Status CheckRotary(const fovea_rotary* rotary, size_t head_dim) noexcept {
  if (rotary == nullptr) return Status::kOk;
  FOVEA_RETURN_IF_BAD(CheckStruct(rotary));
  FOVEA_RETURN_IF_BAD(CheckArray(rotary->turner));
  FOVEA_RETURN_IF_BAD(CheckArray(rotary->rates));
  FOVEA_RETURN_IF_BAD(CheckCount(rotary->dim, head_dim));
  if (rotary->dim % 2 != 0) return Status::kUnsupported;
  return rotary->rates[0] != 0 ? Status::kOk : Status::kBadScale;
}

run_time::Rotary RotaryOf(const fovea_rotary* from) noexcept {
  if (from == nullptr) return {nullptr, nullptr, 0, false};
  return {from->turner, from->rates, from->dim / 2, from->interleaved != 0};
}

Status CheckPartial(const fovea_partial* to,
                    const fovea_attention& call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(to));
  const fovea_partial& partial = *to;
  const Extent out{call.batch, call.heads, call.queries, call.value_dim};
  FOVEA_RETURN_IF_BAD(
      CheckTensor(ViewOf(partial.numerator), out, Shares::kNothing));
  FOVEA_RETURN_IF_BAD(CheckArray(partial.max));
  return CheckArray(partial.sum);
}

Status CheckRange(size_t first_key, size_t end_key, size_t keys) noexcept {
  if (first_key >= end_key) return Status::kZeroCount;
  return end_key > keys ? Status::kTooManyTokens : Status::kOk;
}

run_time::AttentionProblem ProblemOf(const fovea_attention& call, size_t keys,
                                     bool is_partial) noexcept {
  auto problem = CommonProblemOf<run_time::AttentionProblem>(call, keys);
  problem.scale =
      call.scale == 0.0f ? kDefaultScales.of_dim[call.head_dim] : call.scale;
  problem.softcap = call.softcap;
  problem.alibi_slopes = call.alibi_slopes;
  problem.sink_logits = call.sink_logits;
  problem.bias = ViewOf(call.bias);
  problem.block_mask = ViewOf(call.block_mask);
  problem.mask_blocks =
      call.mask_blocks == 0 ? MaskBlocks(keys) : call.mask_blocks;
  problem.rotary = RotaryOf(call.rotary);
  problem.rotary_position =
      call.rotary == nullptr
          ? 0
          : call.rotary->position + static_cast<uint64_t>(call.first_position);
  problem.raw_keys = call.raw_keys != 0;
  problem.head_stride = call.queries;
  problem.is_rich = is_partial || IsRich(call) || HasMatrix(call);
  if (is_partial) return problem;
  problem.lse = call.lse;
  problem.weights = call.weights;
  if (call.scores != nullptr) {
    problem.score_stage = static_cast<ScoreStage>(call.score_stage);
  }
  const bool wants_scores = problem.score_stage != ScoreStage::kNone;
  problem.scores = wants_scores ? call.scores : nullptr;
  return problem;
}

void SetPartial(const fovea_partial& partial, size_t first_key, size_t end_key,
                run_time::AttentionProblem& problem) noexcept {
  problem.out = ViewOf(partial.numerator);
  problem.partial = {first_key, end_key, partial.max, partial.sum};
}

}  // namespace c
}  // namespace fovea
