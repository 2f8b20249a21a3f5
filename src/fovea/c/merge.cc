// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/merge.h"

#include "fovea/c/attention_call.h"
#include "fovea/c/status_out.h"
#include "fovea/check.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

constexpr size_t kMaxMerged = 65536;

// What merging reads of the call.
Status CheckMerge(const fovea_attention& call) noexcept {
  const Extent out{call.batch, call.heads, call.queries, call.value_dim};
  FOVEA_RETURN_IF_BAD(CheckView(ViewOf(call.out), out, Shares::kNothing));
  return CheckOptionalArray(call.lse);
}

Status Merge(const fovea_attention* from, const fovea_partial* partials,
             size_t count) noexcept {
  FOVEA_RETURN_IF_BAD(CheckShape(from));
  const fovea_attention& call = *from;
  FOVEA_RETURN_IF_BAD(CheckArray(partials));
  FOVEA_RETURN_IF_BAD(CheckCount(count, kMaxMerged));
  FOVEA_RETURN_IF_BAD(CheckMerge(call));
  for (size_t i = 0; i < count; ++i) {
    // An array has one size of entry.
    if (partials[i].struct_bytes != sizeof(fovea_partial)) {
      return Status::kUnsupported;
    }
    FOVEA_RETURN_IF_BAD(CheckPartial(&partials[i], call));
  }
  run_time::MergePartials({partials, count, call.batch, call.heads,
                           call.queries, call.value_dim, ViewOf(call.out),
                           call.lse});
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
