// SPDX-License-Identifier: Apache-2.0
// A step of several streams, each with a cache of its own.
#include <cstddef>

#include "fovea/c/attention_call.h"
#include "fovea/c/cache_buffer.h"
#include "fovea/c/status_out.h"
#include "fovea/check.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {
namespace {

template <class Tensor>
void MoveTo(size_t batch, Tensor& tensor) noexcept {
  if (tensor.data != nullptr) tensor.data += batch * tensor.batch_stride;
}

// The call of one entry of the batch.
fovea_attention EntryOf(const fovea_attention& call, size_t batch) noexcept {
  fovea_attention entry = call;
  entry.batch = 1;
  MoveTo(batch, entry.q);
  MoveTo(batch, entry.k);
  MoveTo(batch, entry.v);
  MoveTo(batch, entry.out);
  MoveTo(batch, entry.mask);
  MoveTo(batch, entry.bias);
  MoveTo(batch, entry.block_mask);
  if (entry.lse != nullptr) entry.lse += batch * call.heads * call.queries;
  return entry;
}

// Of cache `b`: it is no other's, and takes its entry's tokens.
Status CheckEntry(fovea_cache* const* caches, const fovea_attention& call,
                  size_t b) noexcept {
  FOVEA_RETURN_IF_BAD(CheckStreamsStep(caches[b], &call));
  for (size_t other = 0; other < b; ++other) {
    if (caches[other] == caches[b]) return Status::kUnsupported;
  }
  const fovea_attention entry = EntryOf(call, b);
  return CheckEntries(*caches[b], entry.k, entry.v, entry.queries,
                      entry.rotary != nullptr);
}

Status StepStreams(fovea_cache* const* caches,
                   const fovea_attention* call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(caches));
  FOVEA_RETURN_IF_BAD(CheckShape(call));
  // Their rows are as long as the cache is, and caches differ.
  if (call->batch > 1 && HasMatrix(*call)) return Status::kUnsupported;
  for (size_t b = 0; b < call->batch; ++b) {
    FOVEA_RETURN_IF_BAD(CheckEntry(caches, *call, b));
  }
  for (size_t b = 0; b < call->batch; ++b) {
    StepChecked(*caches[b], EntryOf(*call, b));
  }
  return Status::kOk;
}

}  // namespace
}  // namespace c
}  // namespace fovea

extern "C" fovea_status fovea_cache_step_streams(fovea_cache* const* caches,
                                                 const fovea_attention* call) {
  return fovea::c::Out(fovea::c::StepStreams(caches, call));
}
