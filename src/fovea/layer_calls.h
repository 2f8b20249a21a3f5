// SPDX-License-Identifier: Apache-2.0
// What the layers of encoders and decoders do alike with a call: its checks,
// the rows it works on, and the calls of the attention inside.
#ifndef FOVEA_LAYER_CALLS_H_
#define FOVEA_LAYER_CALLS_H_

#include <cstddef>

#include "fovea/call_options.h"
#include "fovea/check.h"
#include "fovea/check_options.h"
#include "fovea/residual.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {
inline namespace FOVEA_TARGET_NAMESPACE {

// ------------------------------------------------------------------- checks

// x and y [batch][1][token][Layer::kModelDim] of a call with any of the layer's
// workspaces.
template <class Layer, class Call, class AnyWorkspace>
Status CheckLayerCall(const Call& call,
                      const AnyWorkspace& workspace) noexcept {
  if (!IsAligned(&workspace, alignof(AnyWorkspace))) {
    return Status::kMisaligned;
  }
  if (call.batch == 0) return Status::kZeroCount;
  FOVEA_RETURN_IF_BAD(CheckCount(call.tokens, Layer::kMaxTokens));
  const Extent rows{call.batch, 1, call.tokens, Layer::kModelDim};
  FOVEA_RETURN_IF_BAD(CheckView(call.x, rows, Shares::kBatch));
  FOVEA_RETURN_IF_BAD(CheckView(call.y, rows, Shares::kNothing));
  const bool same =
      call.x.batch_stride == call.y.batch_stride || call.batch == 1;
  const bool in_step =
      call.x.token_stride == call.y.token_stride || call.tokens == 1;
  return call.x.data != call.y.data || (same && in_step) ? Status::kOk
                                                         : Status::kBadStride;
}

// The self-attention over whole sequences, and over a step of a stream.
template <class Attention, class R, class Call>
Status CheckWholeCall(const typename Attention::Weights& weights,
                      const Call& call) noexcept {
  FOVEA_RETURN_IF_BAD(CheckCount(call.tokens, R::kMaxKeys));
  FOVEA_RETURN_IF_BAD(
      CheckOptions<R>(call, call.batch, call.tokens, call.tokens));
  FOVEA_RETURN_IF_BAD(
      CheckKeyLengths(call.key_lengths, call.batch, call.tokens));
  return Attention::CheckPositions(weights, call.rotary_position, call.tokens);
}
template <class Attention, class R, class Call, class Cache>
Status CheckStreamCall(const typename Attention::Weights& weights,
                       const Call& call, const Cache& cache) noexcept {
  if (!IsAligned(&cache, alignof(Cache))) return Status::kMisaligned;
  if (call.batch != 1) return Status::kUnsupported;
  FOVEA_RETURN_IF_BAD(cache.CheckRoom(call.tokens));
  FOVEA_RETURN_IF_BAD(
      CheckOptions<R>(call, 1, call.tokens, cache.size() + call.tokens));
  return Attention::CheckPositions(weights, cache.position(), call.tokens);
}

// -------------------------------------------------------------------- calls

// y = x of one batch entry: the layer then works on y.
template <class Call>
TokenRows EntryOf(const Call& call, size_t dim, size_t b) noexcept {
  const TokenRows y{call.y.Row(b, 0, 0), call.y.token_stride, call.tokens};
  CopyRows(call.x.Row(b, 0, 0), call.x.token_stride, dim, y);
  return y;
}

// A call of attention from rows to rows.
template <class Attention>
typename Attention::Call CallOf(const TokenRows& from,
                                const TokenRows& to) noexcept {
  typename Attention::Call part;
  part.x = ViewOf(from);
  part.y = ViewOf(to);
  part.queries = from.tokens;
  return part;
}

// The same with what a call says of entry b of whole sequences, and of a
// stream.
template <class Attention, class R, class Call>
typename Attention::Call WholeCallOf(const Call& call, size_t b,
                                     const TokenRows& from,
                                     const TokenRows& to) noexcept {
  auto part = CallOf<Attention>(from, to);
  static_cast<CallOptions<R>&>(part) =
      OptionsFrom<R, R>(call, {b, 0, 0}, call.tokens, call.tokens);
  if (call.key_lengths) part.key_lengths = call.key_lengths + b;
  part.rotary_position = call.rotary_position;
  return part;
}
template <class Attention, class R, class Call>
typename Attention::Call StreamCallOf(const Call& call, const TokenRows& from,
                                      const TokenRows& to) noexcept {
  auto part = CallOf<Attention>(from, to);
  static_cast<CallOptions<R>&>(part) = call;
  return part;
}

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_LAYER_CALLS_H_
