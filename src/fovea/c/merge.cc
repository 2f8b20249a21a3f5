// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/merge.h"

#include "fovea/c/attention_call.h"
#include "fovea/c/status_out.h"
#include "fovea/c/struct_in.h"
#include "fovea/c/tensor_in.h"
#include "fovea/check.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

constexpr size_t kMaxMerged = 65536;

// What merging reads of the call.
Status CheckMerge(const fovea_attention& call) noexcept {
  if (call.batch == 0) return Status::kZeroCount;
  FOVEA_RETURN_IF_BAD(CheckCount(call.heads, kMaxHeads));
  FOVEA_RETURN_IF_BAD(CheckCount(call.value_dim, kMaxDim));
  FOVEA_RETURN_IF_BAD(CheckCount(call.queries, kMaxTokens));
  FOVEA_RETURN_IF_BAD(CheckSizes(call, 1));
  const Extent out{call.batch, call.heads, call.queries, call.value_dim};
  FOVEA_RETURN_IF_BAD(CheckTensor(ViewOf(call.out), out, Shares::kNothing));
  return CheckOptionalArray(call.lse);
}

Status Merge(const fovea_attention* from, const fovea_partial* partials,
             size_t count) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStruct(from));
  const fovea_attention& call = *from;
  FOVEA_RETURN_IF_BAD(CheckCount(count, kMaxMerged));
  FOVEA_RETURN_IF_BAD(CheckMerge(call));
  FOVEA_RETURN_IF_BAD(CheckStruct(partials));
  // An array has one size of entry, the first one's.
  const size_t bytes_each = partials->struct_bytes;
  if (bytes_each % alignof(fovea_partial) != 0) return Status::kMisaligned;
  const run_time::MergeProblem problem{
      reinterpret_cast<const unsigned char*>(partials),
      count,
      bytes_each,
      call.batch,
      call.heads,
      call.queries,
      call.value_dim,
      ViewOf(call.out),
      call.lse};
  for (size_t i = 0; i < count; ++i) {
    const fovea_partial& partial = problem.Partial(i);
    if (partial.struct_bytes != bytes_each) return Status::kUnsupported;
    FOVEA_RETURN_IF_BAD(CheckPartial(&partial, call));
  }
  run_time::MergePartials(problem);
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" fovea_status fovea_attention_merge(const fovea_attention* call,
                                              const fovea_partial* partials,
                                              size_t count) {
  return fovea::c::Out(fovea::c::Merge(call, partials, count));
}
