// SPDX-License-Identifier: Apache-2.0
// As cases.h, of integer attention and of linear layers in integers.
#ifndef FOVEA_BENCH_INTEGER_CASES_H_
#define FOVEA_BENCH_INTEGER_CASES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "fovea/integer_attention.h"
#include "fovea/integer_kv_cache.h"
#include "fovea/integer_scales.h"
#include "fovea/kernels/layout.h"
#include "fovea/linear_integer.h"
#include "noise.h"

namespace fovea_bench {

// Reals of [-1.9, 1.9), which have the spread of N(0, 1) about.
inline std::vector<int8_t> NoiseOfBytes(size_t count, uint32_t seed) {
  std::vector<int8_t> bytes;
  for (const float x : Noise(count, seed)) {
    bytes.push_back(static_cast<int8_t>(static_cast<int32_t>(x * 128.0f)));
  }
  return bytes;
}

// With zero points of q and v, as converted models have, or without.
template <size_t kDim, bool kHasZeros>
constexpr fovea::IntegerScales kNoiseScales =
    fovea::IntegerScalesOf<kDim>({{0.015, kHasZeros ? 3 : 0},
                                  {0.015},
                                  {0.015, kHasZeros ? -2 : 0},
                                  {0.008}});

template <size_t kHeadsArg, size_t kQueries, size_t kTokens, size_t kDim>
struct IntegerConfig : fovea::IntegerAttentionConfig {
  static constexpr size_t kHeads = kHeadsArg, kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kQueries, kMaxKeys = kTokens;
};

// kQueries attend to kTokens: to plain tensors, or to a cache.
template <class Leaf, size_t kHeads, size_t kQueries, size_t kTokens,
          size_t kDim, bool kHasZeros = false>
class IntegerCase {
 public:
  using Config = IntegerConfig<kHeads, kQueries, kTokens, kDim>;
  using Attention = fovea::IntegerAttention<Config, Leaf>;

  static constexpr double kMacs = 2.0 * kHeads * kQueries * kTokens * kDim;

  IntegerCase() {
    using fovea::HeadMajor;
    call_.q = HeadMajor<const int8_t>(q_.data(), kHeads, kQueries, kDim);
    call_.k = HeadMajor<const int8_t>(k_.data(), kHeads, kTokens, kDim);
    call_.v = HeadMajor<const int8_t>(v_.data(), kHeads, kTokens, kDim);
    call_.out = HeadMajor(out_.data(), kHeads, kQueries, kDim);
    call_.queries = kQueries;
    call_.keys = kTokens;
    call_.scales = &kNoiseScales<kDim, kHasZeros>;
    cache_->Clear();
    cache_->Append(call_.k, call_.v, kTokens);
  }

  fovea::Status operator()() const {
    return kQueries == 1 ? Attention::Attend(call_, *cache_, *workspace_)
                         : Attention::Run(call_, *workspace_);
  }

 private:
  const std::vector<int8_t> q_ = NoiseOfBytes(kHeads * kQueries * kDim, 1);
  const std::vector<int8_t> k_ = NoiseOfBytes(kHeads * kTokens * kDim, 2);
  const std::vector<int8_t> v_ = NoiseOfBytes(kHeads * kTokens * kDim, 3);
  std::vector<int8_t> out_ = std::vector<int8_t>(kHeads * kQueries * kDim);
  std::unique_ptr<fovea::IntegerKvCache<Config>> cache_ =
      std::make_unique<fovea::IntegerKvCache<Config>>();
  std::unique_ptr<typename Attention::Workspace> workspace_ =
      std::make_unique<typename Attention::Workspace>();
  typename Attention::Call call_;
};

template <class Leaf, size_t kHeads, size_t kTokens, size_t kDim>
using IntegerPrefill = IntegerCase<Leaf, kHeads, kTokens, kTokens, kDim>;

// A linear layer of one token, with a zero point of x or without.
template <class Leaf, size_t kInputs, size_t kOutputs, bool kHasZero = false>
class IntegerLinear {
 public:
  static constexpr double kMacs = 1.0 * kInputs * kOutputs;

  fovea::Status operator()() {
    using Layer = fovea::LinearInteger<kInputs, kOutputs, int8_t, Leaf>;
    const fovea::LinearIntegerWeights weights = {
        panels_.data(), multipliers_.data(), shifts_.data(), nullptr,
        kHasZero ? int8_t{3} : int8_t{0}};
    return Layer::Run(weights, x_.data(), kInputs, 1, y_.data(), kOutputs);
  }

 private:
  static constexpr size_t kBytes =
      fovea::RoundUp(kOutputs, fovea::kPanel) * fovea::RoundUp(kInputs, 4);
  const std::vector<int8_t> panels_ = NoiseOfBytes(kBytes, 4);
  const std::vector<int32_t> multipliers_ =
      std::vector<int32_t>(kOutputs, 3 << 29);
  const std::vector<int8_t> shifts_ = std::vector<int8_t>(kOutputs, -11);
  const std::vector<int8_t> x_ = NoiseOfBytes(kInputs, 5);
  std::vector<int8_t> y_ = std::vector<int8_t>(kOutputs);
};

// The shapes of cases.h.
using IntegerT1 = IntegerPrefill<fovea::integer::Leaf, 8, 81, 32>;
using IntegerT3 = IntegerPrefill<fovea::integer::Leaf, 4, 128, 64>;
using IntegerDec = IntegerCase<fovea::integer::Leaf, 4, 1, 256, 32>;
using IntegerT1WithZeros =
    IntegerCase<fovea::integer::Leaf, 8, 81, 81, 32, true>;
using IntegerDecWithZeros =
    IntegerCase<fovea::integer::Leaf, 4, 1, 256, 32, true>;
using LinearInIntegers = IntegerLinear<fovea::integer::LinearLeaf, 256, 256>;
using LinearWithZeros =
    IntegerLinear<fovea::integer::LinearLeaf, 256, 256, true>;

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_INTEGER_CASES_H_
