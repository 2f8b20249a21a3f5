// SPDX-License-Identifier: Apache-2.0
// The configurations of docs/footprint.md that any core can compute.
#ifndef FOVEA_TESTS_BARE_FOOTPRINT_INTEGER_H_
#define FOVEA_TESTS_BARE_FOOTPRINT_INTEGER_H_

#include <stddef.h>
#include <stdint.h>

#include "fovea/integer_attention.h"
#include "fovea/integer_kv_cache.h"
#include "fovea/self_test_integer.h"

// Not all of it is used by any one image.
#pragma GCC diagnostic ignored "-Wunused-const-variable"

namespace {

// 4 heads on 2 of dim 64, 128 tokens, as footprint.h's Decode.
struct IntegerDecode : fovea::IntegerAttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 64;
  static constexpr size_t kMaxKeys = 128;
  static constexpr bool kCausal = true;
};
struct IntegerSmall : IntegerDecode {
  static constexpr size_t kHeads = 1, kKvHeads = 1, kHeadDim = 16;
  static constexpr size_t kMaxKeys = 32;
};

// Each entry reads what the compiler cannot know, so that nothing is left out.
template <class Config>
struct IntegerStream {
  using Attention = fovea::IntegerAttention<Config>;
  fovea::IntegerKvCache<Config> cache;
  typename Attention::Workspace workspace;

  bool Use(const void* call) {
    return Attention::Step(*static_cast<const typename Attention::Call*>(call),
                           cache, workspace) == fovea::Status::kOk;
  }
};

struct SelfTestInteger {
  fovea::SelfTestIntegerMemory memory;
  bool Use(const void*) { return fovea::SelfTestInteger(memory) == nullptr; }
};

struct Nothing {
  bool Use(const void* call) { return call != nullptr; }
};

}  // namespace

#endif  // FOVEA_TESTS_BARE_FOOTPRINT_INTEGER_H_
