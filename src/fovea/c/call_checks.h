// SPDX-License-Identifier: Apache-2.0
// The checks that attention in floats and in integers have in common: of a
// fovea_attention or a fovea_integer_attention.
#ifndef FOVEA_C_CALL_CHECKS_H_
#define FOVEA_C_CALL_CHECKS_H_

#include <cstddef>
#include <cstdint>

#include "fovea/c/cache_place.h"
#include "fovea/c/struct_in.h"
#include "fovea/c/tensor_in.h"
#include "fovea/c/views.h"
#include "fovea/check.h"
#include "fovea/check_options.h"
#include "fovea/fovea.h"
#include "fovea/status.h"

namespace fovea {
namespace c {

constexpr size_t kMaxHeads = size_t{1} << 16;
constexpr size_t kMaxParts = 65536;

// Which of the call's tensors are there.
enum class Reads : uint8_t {
  kTensors,  // k and v, of `keys` tokens
  kTokens,   // k and v, of `queries` tokens, to be appended
  kCache     // neither
};

// Heads that share a kv head, of counts within the limits: in 32 bits a
// division takes a third of the time.
template <class Call>
size_t GroupHeads(const Call& call) noexcept {
  return static_cast<uint32_t>(call.heads) /
         static_cast<uint32_t>(call.kv_heads);
}

template <class Call>
Status CheckCounts(const Call& call) noexcept {
  if (call.batch == 0) return Status::kZeroCount;
  FOVEA_RETURN_IF_BAD(CheckCount(call.heads, kMaxHeads));
  FOVEA_RETURN_IF_BAD(CheckCount(call.kv_heads, kMaxHeads));
  if (GroupHeads(call) * call.kv_heads != call.heads) {
    return Status::kUnsupported;
  }
  FOVEA_RETURN_IF_BAD(CheckCount(call.head_dim, kMaxDim));
  FOVEA_RETURN_IF_BAD(CheckCount(call.value_dim, kMaxDim));
  FOVEA_RETURN_IF_BAD(CheckCount(call.queries, kMaxTokens));
  return Status::kOk;
}

// Rows and entries of the dense outputs must be countable.
template <class Call>
Status CheckSizes(const Call& call, size_t keys) noexcept {
  size_t count = 0;
  const bool fits = Multiply(call.batch, call.heads, count) &&
                    Multiply(count, call.queries, count) &&
                    Multiply(count, keys, count) &&
                    Multiply(count, sizeof(float), count);
  return fits ? Status::kOk : Status::kUnsupported;
}

template <class Call>
Status CheckTensors(const Call& call, Reads reads, size_t keys) noexcept {
  const Extent q{call.batch, call.heads, call.queries, call.head_dim};
  FOVEA_RETURN_IF_BAD(CheckTensor(ViewOf(call.q), q, Shares::kBatch));
  if (reads == Reads::kCache) return Status::kOk;
  const size_t tokens = reads == Reads::kTokens ? call.queries : keys;
  const Extent k{call.batch, call.kv_heads, tokens, call.head_dim};
  const Extent v{call.batch, call.kv_heads, tokens, call.value_dim};
  FOVEA_RETURN_IF_BAD(CheckTensor(ViewOf(call.k), k, Shares::kBatch));
  return CheckTensor(ViewOf(call.v), v, Shares::kBatch);
}

template <class Call>
Status CheckOut(const Call& call) noexcept {
  const Extent out{call.batch, call.heads, call.queries, call.value_dim};
  return CheckTensor(ViewOf(call.out), out, Shares::kNothing);
}

// Those of tensors; a cache knows its own.
template <class Call>
Status CheckLengths(const Call& call, Reads reads, size_t keys) noexcept {
  if (reads != Reads::kTensors) return Status::kOk;
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(call.key_lengths));
  return CheckKeyLengths(call.key_lengths, call.batch, keys);
}

template <class Call>
Status CheckWindow(const Call& call) noexcept {
  if (call.window > kMaxTokens || call.sinks > kMaxTokens) {
    return Status::kTooManyTokens;
  }
  return call.sinks > 0 && call.window == 0 ? Status::kUnsupported
                                            : Status::kOk;
}

template <class Call>
Status CheckWorkspace(const Call& call, size_t needed) noexcept {
  if (call.workspace == nullptr) return Status::kNullPointer;
  if (!IsAligned(call.workspace, FOVEA_ALIGNMENT)) return Status::kMisaligned;
  return call.workspace_bytes < needed ? Status::kTooShort : Status::kOk;
}

template <class Call>
Status CheckParts(const Call& call) noexcept {
  const size_t parts = call.parts == 0 ? 1 : call.parts;
  const bool good = call.part < parts && parts <= kMaxParts;
  return good ? Status::kOk : Status::kBadPart;
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_CALL_CHECKS_H_
