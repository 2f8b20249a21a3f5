// SPDX-License-Identifier: Apache-2.0
// A few problems of integer attention with the hashes of their outputs, which
// are the same on every target.  No float, no heap, no test framework: an image
// for a core without floating point runs them too.
#ifndef FOVEA_TESTS_INTEGER_STREAMS_H_
#define FOVEA_TESTS_INTEGER_STREAMS_H_

#include <stddef.h>
#include <stdint.h>

#include "fovea/integer_attention.h"
#include "fovea/integer_kv_cache.h"
#include "fovea/integer_scales.h"
#include "fovea/linear_integer.h"
#include "fovea/status.h"
#include "fovea/view.h"

namespace fovea::integer_streams {

// Bytes from a linear congruential generator.
class Bytes {
 public:
  explicit Bytes(uint32_t seed) : state_(seed) {}
  uint8_t Next() {
    state_ = state_ * 1664525u + 1013904223u;
    return static_cast<uint8_t>(state_ >> 24);
  }

 private:
  uint32_t state_;
};

// 64-bit FNV-1a.
class Hash {
 public:
  void Add(int8_t byte) {
    value_ = (value_ ^ static_cast<uint8_t>(byte)) * 0x100000001B3u;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xCBF29CE484222325u;
};

// These fit into 16 KB of memory.
struct Small : IntegerAttentionConfig {
  static constexpr size_t kHeads = 2, kKvHeads = 1, kHeadDim = 16;
  static constexpr size_t kMaxQueries = 3, kMaxKeys = 72;
  static constexpr bool kCausal = true;
};
struct Odd : Small {
  static constexpr size_t kHeads = 3, kHeadDim = 21, kValueDim = 7;
  static constexpr size_t kMaxQueries = 1, kWindow = 30, kSinks = 3;
};
struct Single : Small {
  static constexpr size_t kHeads = 1, kHeadDim = 24, kValueDim = 18;
  static constexpr size_t kMaxQueries = 1;
};
// And these do not.
struct Large : Small {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 32;
  static constexpr size_t kMaxQueries = 9, kMaxKeys = 150;
};
struct LargeOdd : Large {
  static constexpr size_t kHeads = 3, kKvHeads = 1, kHeadDim = 85;
  static constexpr size_t kValueDim = 66, kWindow = 70, kSinks = 3;
};
struct LargeSingle : Large {
  static constexpr size_t kKvHeads = 4, kHeadDim = 64, kMaxQueries = 1;
};
struct Masked : Large {
  static constexpr bool kCausal = false;
  static constexpr size_t kHeadDim = 16, kMaxQueries = 20;
  static constexpr MaskKind kMask = MaskKind::kBoolean;
};

// A stream of Config's kMaxKeys tokens, and what its calls need.
template <class Config>
class Problem {
  using R = ResolvedInteger<Config>;
  using Attention = IntegerAttention<Config>;

 public:
  static constexpr size_t kTokens = R::kMaxKeys;

  void Fill(uint32_t seed, const IntegerScales& scales) {
    Bytes bytes(seed);
    scales_ = scales;
    for (auto& x : q_) x = static_cast<int8_t>(bytes.Next());
    for (auto& x : k_) x = static_cast<int8_t>(bytes.Next());
    for (auto& x : v_) x = static_cast<int8_t>(bytes.Next());
    for (auto& x : mask_) x = bytes.Next() < 100;
  }

  // The hash of what a stream in chunks of `chunk` tokens gives, 0 on an error.
  uint64_t HashOfStream(size_t chunk) {
    cache_.Clear();
    for (size_t token = 0; token < kTokens;) {
      const size_t left = kTokens - token;
      const size_t count = chunk < left ? chunk : left;
      auto call = CallFrom(token, count);
      call.k = From(k_, R::kKvHeads, R::kHeadDim, token);
      call.v = From(v_, R::kKvHeads, R::kValueDim, token);
      if (Attention::Step(call, cache_, workspace_) != Status::kOk) return 0;
      token += count;
    }
    return HashOfOutput();
  }

  // The same from the whole tensors, in blocks of `chunk` queries.
  uint64_t HashOfTensors(size_t chunk) {
    for (size_t token = 0; token < kTokens;) {
      const size_t left = kTokens - token;
      const size_t count = chunk < left ? chunk : left;
      auto call = CallFrom(token, count);
      call.k = From(k_, R::kKvHeads, R::kHeadDim, 0);
      call.v = From(v_, R::kKvHeads, R::kValueDim, 0);
      call.keys = kTokens;
      call.first_position = static_cast<int64_t>(token);
      if (Attention::Run(call, workspace_) != Status::kOk) return 0;
      token += count;
    }
    return HashOfOutput();
  }

 private:
  template <class T>
  static View<T> From(T* data, size_t heads, size_t dim, size_t token) {
    View<T> view = TokenMajor(data, heads, kTokens, dim);
    view.data += token * view.token_stride;
    return view;
  }

  typename Attention::Call CallFrom(size_t token, size_t count) {
    typename Attention::Call call;
    call.queries = count;
    call.q = From(q_, R::kHeads, R::kHeadDim, token);
    call.out = From(out_, R::kHeads, R::kValueDim, token);
    call.scales = &scales_;
    if constexpr (R::kMask == MaskKind::kBoolean) {
      call.mask = {mask_ + token % 7, 0, 0, kTokens};
      call.mask_keys = token + count < kTokens ? token + count : kTokens;
    }
    return call;
  }

  uint64_t HashOfOutput() const {
    Hash hash;
    for (const int8_t x : out_) hash.Add(x);
    return hash.value();
  }

  IntegerScales scales_;
  int8_t q_[R::kHeads * kTokens * R::kHeadDim];
  int8_t k_[R::kKvHeads * kTokens * R::kHeadDim];
  int8_t v_[R::kKvHeads * kTokens * R::kValueDim];
  int8_t out_[R::kHeads * kTokens * R::kValueDim];
  static constexpr size_t kMaskBytes = R::kMaxQueries * kTokens + 8;
  uint8_t mask_[R::kMask == MaskKind::kNone ? 1 : kMaskBytes];
  IntegerKvCache<Config> cache_;
  typename Attention::Workspace workspace_;
};

// A layer of bytes whose outputs spread over their range, with ratios from
// 2^-31 on and biases of every sign.
template <size_t kInputsArg, size_t kOutputsArg, class Output>
struct LinearProblem {
  static constexpr size_t kInputs = kInputsArg, kOutputs = kOutputsArg;
  static constexpr size_t kTokens = 3;

  void Fill(uint32_t seed) {
    Bytes bytes(seed);
    for (auto& w : panels) w = static_cast<int8_t>(bytes.Next());
    for (auto& value : x) value = static_cast<int8_t>(bytes.Next());
    // The sums deviate by about 2^12 sqrt(inputs).
    constexpr int32_t kRatio = sizeof(Output) == 1 ? -12 : -4;
    for (size_t o = 0; o < kOutputs; ++o) {
      const uint32_t high = bytes.Next();
      multipliers[o] =
          static_cast<int32_t>((1u << 30) | high << 22 | bytes.Next());
      shifts[o] = static_cast<int8_t>(kRatio + bytes.Next() % 5);
      bias[o] = (bytes.Next() - 128) * 128;
    }
    shifts[0] = 30, shifts[1 % kOutputs] = -31;
    multipliers[1 % kOutputs] = INT32_MAX;
    bias[1 % kOutputs] = kMostIntegerBias;
    weights = {panels,
               multipliers,
               shifts,
               bias,
               static_cast<int8_t>(seed),
               static_cast<int8_t>(-5 * static_cast<int>(seed))};
  }

  // 0 on an error.
  uint64_t HashOfOutputs() {
    using Layer = LinearInteger<kInputs, kOutputs, Output>;
    if (Layer::Run(weights, x, kInputs, kTokens, y, kOutputs) != Status::kOk) {
      return 0;
    }
    Hash hash;
    for (const Output value : y) {
      hash.Add(static_cast<int8_t>(value));
      if (sizeof(Output) > 1) hash.Add(static_cast<int8_t>(value >> 8));
    }
    return hash.value();
  }

  LinearIntegerWeights weights;
  alignas(4) int8_t panels[RoundUp(kOutputs, kPanel) * RoundUp(kInputs, 4)];
  int32_t multipliers[kOutputs], bias[kOutputs];
  int8_t shifts[kOutputs];
  int8_t x[kTokens * kInputs];
  Output y[kTokens * kOutputs];
};
using OddLinear = LinearProblem<21, 18, int8_t>;
using WideLinear = LinearProblem<40, 35, int16_t>;

// Uniform bytes: a score's deviation is 1 or 3 octaves, or all rows are flat.
constexpr IntegerScales kSmallScales =
    IntegerScalesOf<32>({{0.011, 3}, {0.011, -7}, {0.02, 5}, {0.011, -9}, 0});
constexpr IntegerScales kOddScales =
    IntegerScalesOf<21>({{0.03, -128}, {0.02, 0}, {0.02, 127}, {0.02, 40}, 0});
constexpr IntegerScales kSingleScales =
    IntegerScalesOf<64>({{0.01, 0}, {0.011, 0}, {0.02, 0}, {0.004, 0}, 0});
constexpr IntegerScales kFlatScales =
    IntegerScalesOf<16>({{1e-6, 0}, {1e-6, 0}, {0.3, 1}, {0.05, 0}, 0});

}  // namespace fovea::integer_streams

#endif  // FOVEA_TESTS_INTEGER_STREAMS_H_
