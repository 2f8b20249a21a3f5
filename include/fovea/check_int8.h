// SPDX-License-Identifier: Apache-2.0
// How near attention in int8 comes to float on data of your own: what to ask
// before turning Arithmetic::kInt8 on, since int8 probabilities suit most
// tensors and ruin some (arXiv 2410.02367).
#ifndef FOVEA_CHECK_INT8_H_
#define FOVEA_CHECK_INT8_H_

#include "fovea/attention.h"
#include "fovea/check.h"
#include "fovea/config.h"
#include "fovea/int8_error.h"
#include "fovea/status.h"
#include "fovea/target.h"

namespace fovea {

inline namespace FOVEA_TARGET_NAMESPACE {

namespace check_int8 {

// The same attention in float.
template <class Config>
struct InFloat : Config {
  using CacheElement = float;
  static constexpr Arithmetic kArithmetic = Arithmetic::kFloat;
};

}  // namespace check_int8

// All that CheckInt8 needs; its contents mean nothing between calls.
template <class Config>
struct CheckInt8Memory {
  using Float = check_int8::InFloat<Config>;
  union {
    typename Attention<Config>::Workspace in_int8;
    typename Attention<Float>::Workspace in_float;
  };
  float out[Resolved<Config>::kHeads * Config::kMaxQueries *
            Resolved<Config>::kValueDim];
};

// Runs the call (with every option that it names) in float and in the config's
// arithmetic, and compares the outputs.
//   call    batch 1; its outputs are those of Attention<Config>::Run afterwards
//   error   written only when the Status is kOk
// Each Status as of Attention<Config>::Run, also kUnsupported for batch > 1.
template <class Config>
Status CheckInt8(const typename Attention<Config>::Call& call,
                 CheckInt8Memory<Config>& memory, Int8Error& error) noexcept {
  using R = Resolved<Config>;
  using Float = typename CheckInt8Memory<Config>::Float;
  using Rotary = typename Attention<Config>::Rotary;
  static_assert(R::kArithmetic != Arithmetic::kFloat,
                "what is compared with float is another arithmetic");
  if (!IsAligned(&memory, alignof(CheckInt8Memory<Config>))) {
    return Status::kMisaligned;
  }
  if (call.batch > 1) return Status::kUnsupported;
  // In float first and elsewhere: out may be q, and a refused call writes
  // nothing.
  typename Attention<Float>::Call in_float;
  static_cast<CallOptions<Resolved<Float>>&>(in_float) =
      OptionsFrom<Resolved<Float>, R>(call, {0, 0, 0}, call.queries, call.keys);
  static_cast<RotaryOptions<Rotary>&>(in_float) = call;
  if constexpr (R::kLse) in_float.lse = nullptr;
  if constexpr (R::kWeights) in_float.weights = nullptr;
  if constexpr (R::kScores != ScoreStage::kNone) in_float.scores = nullptr;
  in_float.q = call.q, in_float.k = call.k, in_float.v = call.v;
  in_float.out = HeadMajor(memory.out, R::kHeads, call.queries, R::kValueDim);
  in_float.batch = call.batch;
  in_float.queries = call.queries;
  in_float.keys = call.keys;
  in_float.first_position = call.first_position;
  in_float.key_lengths = call.key_lengths;
  in_float.scale = call.scale;
  FOVEA_RETURN_IF_BAD(Attention<Float>::Run(in_float, memory.in_float));
  FOVEA_RETURN_IF_BAD(Attention<Config>::Run(call, memory.in_int8));
  error = check_int8::ErrorOf(call.out, in_float.out, R::kHeads, call.queries,
                              R::kValueDim);
  return Status::kOk;
}

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_CHECK_INT8_H_
