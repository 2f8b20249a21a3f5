// SPDX-License-Identifier: Apache-2.0
// The cases whose time or instructions are measured: all that a call needs, and
// the call itself.
#ifndef FOVEA_BENCH_CASES_H_
#define FOVEA_BENCH_CASES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "noise.h"

namespace fovea_bench {

// Every query attends to keys and values in plain tensors.
template <size_t kHeadsArg, size_t kTokens, size_t kDim, bool kCausalArg,
          fovea::Arithmetic kArithmeticArg>
struct PrefillConfig : fovea::AttentionConfig {
  using CacheElement =
      std::conditional_t<kArithmeticArg == fovea::Arithmetic::kFloat, float,
                         int8_t>;
  static constexpr fovea::Arithmetic kArithmetic = kArithmeticArg;
  static constexpr size_t kHeads = kHeadsArg, kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kCausal = kCausalArg;
};

template <size_t kHeads, size_t kTokens, size_t kDim, bool kCausal,
          fovea::Arithmetic kArithmetic = fovea::Arithmetic::kFloat>
class Prefill {
 public:
  using Attention = fovea::Attention<
      PrefillConfig<kHeads, kTokens, kDim, kCausal, kArithmetic>>;

  static constexpr size_t kFloats = kHeads * kTokens * kDim;
  // Multiply-adds.  Causal ones count half, as in the literature.
  static constexpr double kMacs =
      2.0 * kFloats * kTokens * (kCausal ? 0.5 : 1.0);
  static constexpr size_t kBytes = 2 * kFloats * sizeof(float);

  Prefill() {
    call_.q = fovea::HeadMajor<const float>(q_.data(), kHeads, kTokens, kDim);
    call_.k = fovea::HeadMajor<const float>(k_.data(), kHeads, kTokens, kDim);
    call_.v = fovea::HeadMajor<const float>(v_.data(), kHeads, kTokens, kDim);
    call_.out = fovea::HeadMajor(out_.data(), kHeads, kTokens, kDim);
    call_.queries = call_.keys = kTokens;
  }

  fovea::Status operator()() const {
    static typename Attention::Workspace workspace;
    return Attention::Run(call_, workspace);
  }

 private:
  const std::vector<float> q_ = Noise(kFloats, 1), k_ = Noise(kFloats, 2);
  const std::vector<float> v_ = Noise(kFloats, 3);
  std::vector<float> out_ = std::vector<float>(kFloats);
  typename Attention::Call call_;
};

// One query attends to a cache.
template <class Stored, size_t kHeadsArg, size_t kKvHeadsArg, size_t kContext,
          size_t kDim>
struct DecodeConfig : fovea::AttentionConfig {
  using CacheElement = Stored;
  static constexpr size_t kHeads = kHeadsArg, kKvHeads = kKvHeadsArg;
  static constexpr size_t kHeadDim = kDim;
  static constexpr size_t kMaxQueries = 1, kMaxKeys = kContext;
  static constexpr bool kCausal = true;
};

// A full cache, and the call of the query after it.
template <class Config>
class DecodeProblem {
 public:
  using R = fovea::Resolved<Config>;
  using Attention = fovea::Attention<Config>;

  DecodeProblem() {
    call.q = fovea::HeadMajor<const float>(q_.data(), R::kHeads, 1, kDim);
    call.out = fovea::HeadMajor(out_.data(), R::kHeads, 1, kDim);
    call.k =
        fovea::HeadMajor<const float>(k_.data(), R::kKvHeads, kTokens, kDim);
    call.v =
        fovea::HeadMajor<const float>(v_.data(), R::kKvHeads, kTokens, kDim);
    call.queries = 1;
    call.first_position = kTokens - 1;
    cache->Clear();
    cache->Append(call.k, call.v, kTokens);
  }

  static constexpr double kMacs = 2.0 * R::kHeads * R::kMaxKeys * R::kHeadDim;
  // Of the elements alone.
  static constexpr size_t kBytes = 2 * R::kKvHeads * R::kMaxKeys * R::kHeadDim *
                                   sizeof(typename Config::CacheElement);

  // On the heap, as the buffer whose bandwidth it is compared with: the system
  // gives both its large pages, which static memory does not get.
  std::unique_ptr<fovea::KvCache<Config>> cache =
      std::make_unique<fovea::KvCache<Config>>();
  typename Attention::Call call;

 private:
  static constexpr size_t kDim = R::kHeadDim, kTokens = R::kMaxKeys;
  std::vector<float> q_ = Noise(R::kHeads * kDim, 1);
  std::vector<float> k_ = Noise(R::kKvHeads * kTokens * kDim, 2);
  std::vector<float> v_ = Noise(R::kKvHeads * kTokens * kDim, 3);
  std::vector<float> out_ = std::vector<float>(R::kHeads * kDim);
};

template <class Config>
class Decode {
 public:
  using Problem = DecodeProblem<Config>;
  static constexpr double kMacs = Problem::kMacs;
  static constexpr size_t kBytes = Problem::kBytes;

  fovea::Status operator()() {
    return Problem::Attention::Attend(problem_.call, *problem_.cache,
                                      *workspace_);
  }

 private:
  using Workspace = typename Problem::Attention::Workspace;
  Problem problem_;
  std::unique_ptr<Workspace> workspace_ = std::make_unique<Workspace>();
};

// Sizes of models on microcontrollers: EEGFormer, an encoder of 128 tokens, and
// a decoder's context of 256.
using T1 = Prefill<8, 81, 32, false>;
using T3 = Prefill<4, 128, 64, false>;
template <class Stored>
using Dec = Decode<DecodeConfig<Stored, 4, 4, 256, 32>>;

}  // namespace fovea_bench

#endif  // FOVEA_BENCH_CASES_H_
