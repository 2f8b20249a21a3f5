// SPDX-License-Identifier: Apache-2.0
// Whether this build on this chip keeps the library's promise of the same bits:
// compiler, flags and floating-point unit, at boot or in a board test.
//
//   static fovea::SelfTestMemory memory;
//   if (const char* failed = fovea::SelfTest(memory)) Report(failed);
//
// A few small streams run through the public calls, and a hash of every bit of
// their outputs is compared with the committed one of this target's class
// (docs/numerics.md).  What is not called costs nothing; docs/footprint.md says
// what a call costs.
#ifndef FOVEA_SELF_TEST_H_
#define FOVEA_SELF_TEST_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/attention.h"
#include "fovea/config.h"
#include "fovea/kv_cache.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {
namespace self_test {

// 72 tokens: more than a tile, so that rows are rescaled, and for an int8 cache
// more than its first two means.
constexpr size_t kTokens = 72, kChunk = 4;

template <class Stored>
struct Config : AttentionConfig {
  using CacheElement = Stored;
  static constexpr size_t kHeads = 2, kKvHeads = 1, kHeadDim = 8;
  static constexpr size_t kMaxQueries = kChunk, kMaxKeys = kTokens;
  static constexpr bool kCausal = true;
};

// Multiples of 2^-22 in [-2, 2), from a linear congruential generator.
class Inputs {
 public:
  float Next() {
    state_ = state_ * 1664525u + 1013904223u;
    return static_cast<float>(static_cast<int32_t>(state_) >> 8) * 0x1p-22f;
  }
  void Fill(float* to, size_t count) {
    for (size_t i = 0; i < count; ++i) to[i] = Next();
  }

 private:
  uint32_t state_ = 0;
};

// 64-bit FNV-1a over the 32-bit words of an output.
class Hash {
 public:
  void Add(const float* values, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      uint32_t word;
      memcpy(&word, values + i, sizeof(word));
      value_ = (value_ ^ word) * 0x100000001B3u;
    }
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xCBF29CE484222325u;
};

// What the outputs of a stream hash to, in each class of targets.
struct Expected {
  uint64_t fused, unfused;
};
constexpr Expected kFloat = {0xcba34673a83355d6u, 0x20996203ecaf5e98u};
constexpr Expected kInt8 = {0x568cc4fd7c6fe350u, 0xc86437f4e3025549u};

}  // namespace self_test

inline namespace FOVEA_TARGET_NAMESPACE {

// All that one of the tests needs: 7 KB for float, 5 KB for int8.  Its
// contents mean nothing between calls.
template <class Stored>
class SelfTestMemoryOf {
  using Config = self_test::Config<Stored>;
  using R = Resolved<Config>;

 public:
  // The hash of the outputs of the stream, `chunk` tokens a call: 1 to kChunk
  // and a divisor of kTokens.  0 where a call fails.
  HWY_NOINLINE uint64_t HashOfStream(size_t chunk) noexcept {
    self_test::Inputs inputs;
    self_test::Hash hash;
    cache_.Clear();
    typename Attention<Config>::Call call;
    call.queries = chunk;
    call.q = {rows_, sizeof(rows_), R::kHeadDim, kRow};
    call.k = {rows_ + kQuery, sizeof(rows_), R::kHeadDim, kRow};
    call.v = {rows_ + kQuery + kKey, sizeof(rows_), R::kValueDim, kRow};
    call.out = {rows_, sizeof(rows_), R::kValueDim, kRow};  // over q
    for (size_t token = 0; token < self_test::kTokens; token += chunk) {
      inputs.Fill(rows_, chunk * kRow);
      if (Attention<Config>::Step(call, cache_, workspace_) != Status::kOk) {
        return 0;
      }
      for (size_t i = 0; i < chunk; ++i) hash.Add(rows_ + i * kRow, kQuery);
    }
    return hash.value();
  }

 private:
  // A token's queries, key and value, side by side.
  static constexpr size_t kQuery = R::kHeads * R::kHeadDim;
  static constexpr size_t kKey = R::kKvHeads * R::kHeadDim;
  static constexpr size_t kRow = kQuery + kKey + R::kKvHeads * R::kValueDim;

  KvCache<Config> cache_;
  typename Attention<Config>::Workspace workspace_;
  float rows_[self_test::kChunk * kRow];
};

using SelfTestMemory = SelfTestMemoryOf<float>;
using SelfTestInt8Memory = SelfTestMemoryOf<int8_t>;

// Float attention: a prefill in chunks, and a decode token by token.  Returns
// the name of the first case that differs, null if none does.
inline const char* SelfTest(SelfTestMemory& memory) noexcept {
  constexpr uint64_t kExpected = HWY_NAMESPACE::kFuses
                                     ? self_test::kFloat.fused
                                     : self_test::kFloat.unfused;
  if (memory.HashOfStream(self_test::kChunk) != kExpected) {
    return "float prefill";
  }
  return memory.HashOfStream(1) != kExpected ? "float decode" : nullptr;
}

// The same with a cache of int8, apart since not everyone has one.
inline const char* SelfTestInt8(SelfTestInt8Memory& memory) noexcept {
  constexpr uint64_t kExpected =
      HWY_NAMESPACE::kFuses ? self_test::kInt8.fused : self_test::kInt8.unfused;
  if (memory.HashOfStream(self_test::kChunk) != kExpected) {
    return "int8 prefill";
  }
  return memory.HashOfStream(1) != kExpected ? "int8 decode" : nullptr;
}

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_SELF_TEST_H_
