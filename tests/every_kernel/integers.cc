// SPDX-License-Identifier: Apache-2.0
#include "fovea/feed_forward.h"
#include "fovea/integer_attention.h"
#include "fovea/integer_kv_cache.h"
#include "fovea/linear_integer.h"
#include "fovea/self_test_integer.h"

namespace every_kernel {

// In int8 and in integers.
using Int8Block =
    fovea::FeedForward<64, 128, 4, fovea::Activation::kSwiGlu, int8_t>;
struct IntegerConfig : fovea::IntegerAttentionConfig {
  static constexpr size_t kHeads = 2, kHeadDim = 16;
  static constexpr size_t kMaxQueries = 4, kMaxKeys = 40;
  static constexpr bool kCausal = true;
};
struct IntegerRing : IntegerConfig {
  static constexpr size_t kWindow = 20, kSinks = 2;
  static constexpr bool kRing = true;
};
using Integers = fovea::IntegerAttention<IntegerConfig>;
using RingIntegers = fovea::IntegerAttention<IntegerRing>;
struct IntegerMemory {
  Int8Block::Workspace block;
  fovea::IntegerKvCache<IntegerConfig> cache;
  Integers::Workspace attention;
  RingIntegers::Call ring_call;
  fovea::IntegerKvCache<IntegerRing> ring;
  RingIntegers::Workspace ring_attention;
  fovea::SelfTestIntegerMemory self_test;
};

fovea::Status LinkIntegers(const Int8Block::Weights& block, float* x,
                           const fovea::LinearIntegerWeights& linear,
                           const int8_t* from, int8_t* to, int16_t* wide,
                           const Integers::Call& call, IntegerMemory& m) {
  using fovea::LinearInteger;
  FOVEA_RETURN_IF_BAD(Int8Block::Run(block, x, 64, 4, x, 64, m.block));
  FOVEA_RETURN_IF_BAD(
      (LinearInteger<30, 40>::Run(linear, from, 30, 2, to, 40)));
  FOVEA_RETURN_IF_BAD(
      (LinearInteger<30, 40, int16_t>::Run(linear, from, 30, 2, wide, 40)));
  FOVEA_RETURN_IF_BAD(Integers::Run(call, m.attention, 0, 2));
  FOVEA_RETURN_IF_BAD(Integers::Step(call, m.cache, m.attention));
  FOVEA_RETURN_IF_BAD(
      RingIntegers::Step(m.ring_call, m.ring, m.ring_attention));
  FOVEA_RETURN_IF_BAD(m.ring.Truncate(1));
  FOVEA_RETURN_IF_BAD(m.ring.Save(x, m.ring.SavedBytes()));
  FOVEA_RETURN_IF_BAD(m.ring.Restore(x, m.ring.MostSavedBytes()));
  return fovea::SelfTestInteger(m.self_test) == nullptr
             ? fovea::Status::kOk
             : fovea::Status::kUnsupported;
}

}  // namespace every_kernel
