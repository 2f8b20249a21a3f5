// SPDX-License-Identifier: Apache-2.0
// The configurations of docs/footprint.md for cores with a floating-point unit:
// FOVEA_FOOTPRINT names one of them, or of footprint_integer.h.
#ifndef FOVEA_TESTS_BARE_FOOTPRINT_H_
#define FOVEA_TESTS_BARE_FOOTPRINT_H_

#include <stddef.h>
#include <stdint.h>

#include "footprint_integer.h"
#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "fovea/multi_head.h"
#include "fovea/self_test.h"

namespace {

// 4 heads on 2 of dim 64, 128 tokens: what most rows are about.
struct Decode : fovea::AttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 64;
  static constexpr size_t kMaxKeys = 128;
  static constexpr bool kCausal = true;
};
struct Chunk : Decode {
  static constexpr size_t kMaxQueries = 16;
};
struct Ring : Decode {
  static constexpr size_t kWindow = 120, kSinks = 4;
  static constexpr bool kRing = true;
};
struct DecodeBf16 : Decode {
  using CacheElement = hwy::bfloat16_t;
};
struct DecodeInt8 : Decode {
  using CacheElement = int8_t;
};
struct Small : Decode {
  static constexpr size_t kHeads = 1, kKvHeads = 1, kHeadDim = 16;
  static constexpr size_t kMaxKeys = 32;
};
struct Module : fovea::MultiHeadConfig {
  static constexpr size_t kModelDim = 64, kHeads = 4, kKvHeads = 2;
  static constexpr size_t kHeadDim = 16, kRotaryDim = 16;
  static constexpr size_t kMaxKeys = 128;
  static constexpr bool kCausal = true;
};

// Each entry reads what the compiler cannot know, so that nothing is left out.
template <class Config>
struct Stream {
  using Attention = fovea::Attention<Config>;
  fovea::KvCache<Config> cache;
  typename Attention::Workspace workspace;

  bool Use(const void* call) {
    return Attention::Step(*static_cast<const typename Attention::Call*>(call),
                           cache, workspace) == fovea::Status::kOk;
  }
};

template <class Config>
struct Tensors {
  using Attention = fovea::Attention<Config>;
  typename Attention::Workspace workspace;

  bool Use(const void* call) {
    return Attention::Run(*static_cast<const typename Attention::Call*>(call),
                          workspace) == fovea::Status::kOk;
  }
};

struct OfModule {
  using Module = fovea::MultiHeadAttention<::Module>;
  fovea::KvCache<::Module> cache;
  Module::Workspace workspace;

  bool Use(const void* call) {
    const void* const* both = static_cast<const void* const*>(call);
    return Module::Step(*static_cast<const Module::Weights*>(both[0]),
                        *static_cast<const Module::Call*>(both[1]), cache,
                        workspace) == fovea::Status::kOk;
  }
};

struct SelfTest {
  fovea::SelfTestMemory memory;
  bool Use(const void*) { return fovea::SelfTest(memory) == nullptr; }
};
struct SelfTestInt8 {
  fovea::SelfTestInt8Memory memory;
  bool Use(const void*) { return fovea::SelfTestInt8(memory) == nullptr; }
};

}  // namespace

#endif  // FOVEA_TESTS_BARE_FOOTPRINT_H_
