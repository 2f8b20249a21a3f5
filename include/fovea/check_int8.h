// SPDX-License-Identifier: Apache-2.0
// How near attention in int8 comes to float on data of your own: what to ask
// before turning Arithmetic::kInt8 on, since int8 probabilities suit most
// tensors and ruin some (arXiv 2410.02367).
#ifndef FOVEA_CHECK_INT8_H_
#define FOVEA_CHECK_INT8_H_

#include <cstddef>

#include "fovea/attention.h"
#include "fovea/check.h"
#include "fovea/config.h"
#include "fovea/status.h"
#include "fovea/target.h"

namespace fovea {

// Of rows x in int8 and y in float, over all rows of a call (float sums, which
// suffice for the digits that matter).
struct Int8Error {
  // sum of x y / sqrt(sum of x^2 * sum of y^2) of all, and of the row where it
  // is least; 1 where both are zeros, 0 where one is.
  float cosine;
  float least_cosine;
  float relative_l1;  // sum of |x - y| / sum of |y|; 0 for 0 / 0
};

inline namespace FOVEA_TARGET_NAMESPACE {

namespace check_int8 {

// The same attention in float.
template <class Config>
struct InFloat : Config {
  using CacheElement = float;
  static constexpr Arithmetic kArithmetic = Arithmetic::kFloat;
};

class Sums {
 public:
  void Add(const float* x, const float* y, size_t count) noexcept {
    for (size_t i = 0; i < count; ++i) {
      xy_ += x[i] * y[i];
      xx_ += x[i] * x[i];
      yy_ += y[i] * y[i];
      difference_ += Magnitude(x[i] - y[i]);
      size_ += Magnitude(y[i]);
    }
  }
  void Add(const Sums& other) noexcept {
    xy_ += other.xy_;
    xx_ += other.xx_;
    yy_ += other.yy_;
    difference_ += other.difference_;
    size_ += other.size_;
  }
  float Cosine() const noexcept {
    if (xx_ == 0.0f && yy_ == 0.0f) return 1.0f;
    if (xx_ == 0.0f || yy_ == 0.0f) return 0.0f;
    return xy_ /
           (HWY_NAMESPACE::SquareRoot(xx_) * HWY_NAMESPACE::SquareRoot(yy_));
  }
  float RelativeL1() const noexcept {
    return difference_ == 0.0f ? 0.0f : difference_ / size_;
  }

 private:
  static float Magnitude(float x) noexcept { return x < 0.0f ? -x : x; }

  float xy_ = 0, xx_ = 0, yy_ = 0, difference_ = 0, size_ = 0;
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
  check_int8::Sums all;
  float least = 1.0f;
  for (size_t head = 0; head < R::kHeads; ++head) {
    for (size_t token = 0; token < call.queries; ++token) {
      check_int8::Sums row;
      row.Add(call.out.Row(0, head, token), in_float.out.Row(0, head, token),
              R::kValueDim);
      const float cosine = row.Cosine();
      if (!(cosine >= least)) least = cosine;  // NaN too
      all.Add(row);
    }
  }
  error = {all.Cosine(), least, all.RelativeL1()};
  return Status::kOk;
}

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_CHECK_INT8_H_
