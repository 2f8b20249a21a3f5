// SPDX-License-Identifier: Apache-2.0
// The self test of the integer path, which has no floating-point operation:
// also for a core without a unit for them, where self_test.h does not compile.
//
//   static fovea::SelfTestIntegerMemory memory;
//   if (const char* failed = fovea::SelfTestInteger(memory)) Report(failed);
//
// A small stream runs through the cache and the kernels, and a hash of its
// outputs is compared with the committed one, which is the same on every
// target.  (Not through IntegerAttention, whose checks and options would take
// 0.4 KB of flash more.)  What is not called costs nothing; docs/footprint.md
// says what a call costs: less than 3 KB of flash.
#ifndef FOVEA_SELF_TEST_INTEGER_H_
#define FOVEA_SELF_TEST_INTEGER_H_

#include <cstddef>
#include <cstdint>

#include "fovea/integer_config.h"
#include "fovea/integer_kv_cache.h"
#include "fovea/integer_scales.h"
#include "fovea/kernels/integer_attend.h"
#include "fovea/kernels/integer_block.h"
#include "port/integer/leaf.h"

namespace fovea {
namespace self_test_integer {

// 72 tokens: more than a tile, so that rows are rescaled.
constexpr size_t kTokens = 72, kChunk = 4;

struct Config : IntegerAttentionConfig {
  static constexpr size_t kHeads = 2, kKvHeads = 1, kHeadDim = 8;
  static constexpr size_t kMaxQueries = kChunk, kMaxKeys = kTokens;
  static constexpr bool kCausal = true;
};

// Scores deviate by about 1.5 octaves, and no zero point is 0.
constexpr IntegerScales kScales =
    IntegerScalesOf<8>({{0.02, 3}, {0.013, 0}, {0.02, 5}, {0.011, -9}, 0});

// Bytes from a linear congruential generator.
class Inputs {
 public:
  // The next `count` of them.
  void Fill(int8_t* to, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      state_ = state_ * 1664525u + 1013904223u;
      to[i] = static_cast<int8_t>(static_cast<int32_t>(state_) >> 24);
    }
  }

 private:
  uint32_t state_ = 0;
};

// 64-bit FNV-1a over the bytes of an output.
class Hash {
 public:
  // Takes `count` values in.
  void Add(const int8_t* values, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      value_ = (value_ ^ static_cast<uint8_t>(values[i])) * 0x100000001B3u;
    }
  }
  // Of all that was added.
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xCBF29CE484222325u;
};

// What the outputs of the stream hash to.
constexpr uint64_t kExpected = 0x5c4882e458fc7256u;

}  // namespace self_test_integer

// All that the test needs: 3 KB.  Its contents mean
// nothing between calls.  Leaf: what the port computes with.
template <class Leaf = integer::Leaf>
class SelfTestIntegerMemoryOf {
  using Config = self_test_integer::Config;
  using R = ResolvedInteger<Config>;
  using Shape = integer::Shape<R, true>;

 public:
  // The hash of the outputs of the stream, `chunk` tokens at once: 1 to kChunk
  // and a divisor of kTokens.
  uint64_t HashOfStream(size_t chunk) noexcept {
    self_test_integer::Inputs inputs;
    self_test_integer::Hash hash;
    cache_.Clear();
    integer::Group group{};
    group.q = group.out = rows_;
    group.q_head_stride = group.out_head_stride = R::kHeadDim;
    group.q_token_stride = group.out_token_stride = kRow;
    group.keys = cache_.KeyPanels(0);
    group.values = cache_.ValueQuads(0);
    group.queries = chunk;
    group.scales = &self_test_integer::kScales;
    while (group.key_count < self_test_integer::kTokens) {
      inputs.Fill(rows_, chunk * kRow);
      cache_.Take({rows_ + kQuery, 0, 0, kRow},
                  {rows_ + kQuery + kKey, 0, 0, kRow}, chunk);
      group.first_position = static_cast<ptrdiff_t>(group.key_count);
      group.key_count += chunk;
      integer::AttendHeadGroup<Leaf, Shape>(group, scratch_);
      for (size_t i = 0; i < chunk; ++i) hash.Add(rows_ + i * kRow, kQuery);
    }
    return hash.value();
  }

 private:
  // A token's queries, key and value, side by side; one kv head.
  static constexpr size_t kQuery = R::kHeads * R::kHeadDim;
  static constexpr size_t kKey = R::kHeadDim;
  static constexpr size_t kRow = kQuery + kKey + R::kValueDim;
  static_assert(R::kKvHeads == 1 && R::kValueDim == R::kHeadDim, "rows of one");

  IntegerKvCache<Config> cache_;
  integer::ScratchOf<Leaf, Shape> scratch_;
  int8_t rows_[self_test_integer::kChunk * kRow];
};

using SelfTestIntegerMemory = SelfTestIntegerMemoryOf<>;

// Integer attention: a prefill in chunks, and a decode token by token.  Returns
// the name of the first case that differs, null if none does.
template <class Leaf>
const char* SelfTestInteger(SelfTestIntegerMemoryOf<Leaf>& memory) noexcept {
  using self_test_integer::kExpected;
  if (memory.HashOfStream(self_test_integer::kChunk) != kExpected) {
    return "integer prefill";
  }
  return memory.HashOfStream(1) != kExpected ? "integer decode" : nullptr;
}

}  // namespace fovea

#endif  // FOVEA_SELF_TEST_INTEGER_H_
