// SPDX-License-Identifier: Apache-2.0
// Reaches every public operation, for tests that look at how it compiles and
// links.  Nothing of it is meant to be run.
#ifndef FOVEA_TESTS_EVERY_KERNEL_H_
#define FOVEA_TESTS_EVERY_KERNEL_H_

#include "fovea/attention.h"
#include "fovea/cache_view.h"
#include "fovea/embedding.h"
#include "fovea/feed_forward.h"
#include "fovea/kv_cache.h"
#include "fovea/linear.h"
#include "fovea/multi_head.h"
#include "fovea/rms_norm.h"
#include "fovea/rope.h"
#include "fovea/softmax.h"
#include "fovea/softmax_accumulator.h"
#include "fovea/transformer.h"

namespace every_kernel {

struct Causal : fovea::MultiHeadConfig {
  static constexpr size_t kModelDim = 64, kHeads = 4, kKvHeads = 2;
  static constexpr size_t kHeadDim = 20, kRotaryDim = 16;
  static constexpr size_t kMaxQueries = 40, kMaxKeys = 100;
  static constexpr bool kCausal = true;
};
struct Full : fovea::AttentionConfig {
  static constexpr size_t kHeads = 2, kHeadDim = 64;
  static constexpr size_t kMaxQueries = 3, kMaxKeys = 100;
};

// A policy that hides what is far.
struct Sparse {
  static constexpr bool kMasks = true;
  template <class D, class V, class I>
  HWY_INLINE V operator()(D d, V score, I query, I key, I head) const {
    namespace hn = hwy::HWY_NAMESPACE;
    const V distance = hn::ConvertTo(d, hn::Sub(query, hn::Sub(key, head)));
    return hn::IfThenElse(hn::Gt(distance, hn::Set(d, 9.0f)),
                          hn::Neg(hn::Inf(d)), score);
  }
};
// All features at once.
struct Everything : fovea::AttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 20;
  static constexpr size_t kValueDim = 12;
  static constexpr size_t kMaxQueries = 40, kMaxKeys = 100;
  static constexpr size_t kWindow = 50, kSinks = 3;
  static constexpr fovea::MaskKind kMask = fovea::MaskKind::kAdditive;
  static constexpr bool kCausal = true, kSoftcap = true, kAlibi = true;
  static constexpr bool kSinkLogits = true, kLse = true, kWeights = true;
  static constexpr fovea::ScoreStage kScores = fovea::ScoreStage::kMasked;
  using ScorePolicy = Sparse;
};
using AnyAttention = fovea::Attention<Everything>;

struct Endless : Full {
  using CacheElement = hwy::bfloat16_t;
  static constexpr bool kCausal = true, kRing = true, kLse = true;
  static constexpr size_t kWindow = 50, kSinks = 3;
};
struct Half : Full {
  using CacheElement = hwy::float16_t;
};
struct Small : Full {
  using CacheElement = int8_t;
};
using SmallAttention = fovea::Attention<Small>;
using EndlessAttention = fovea::Attention<Endless>;
using HalfAttention = fovea::Attention<Half>;

using MultiHead = fovea::MultiHeadAttention<Causal>;
using FullAttention = fovea::Attention<Full>;
using Block = fovea::FeedForward<64, 128, 40>;
template <fovea::Activation kActivationOf, bool kPre>
struct Stacked : fovea::TransformerConfig {
  static constexpr size_t kHeads = 4, kHeadDim = 16, kHiddenDim = 128;
  static constexpr size_t kMaxQueries = 8, kMaxKeys = 40, kLayers = 2;
  static constexpr fovea::Activation kActivation = kActivationOf;
  static constexpr bool kCausal = true, kPreNorm = kPre;
};
using Encoder =
    fovea::TransformerEncoder<Stacked<fovea::Activation::kGelu, true>>;
using Decoder =
    fovea::TransformerDecoder<Stacked<fovea::Activation::kGeluTanh, false>>;
using Norm = fovea::RmsNorm<64>;
using Accumulator = fovea::SoftmaxAccumulator<20>;

struct Memory {
  fovea::KvCache<Causal> cache;
  fovea::KvCache<Full> full_cache;
  MultiHead::Workspace multi_head;
  FullAttention::Workspace full;
  fovea::KvCache<Everything> any_cache;
  AnyAttention::Workspace any;
  AnyAttention::PartialWorkspace partial;
  fovea::KvCache<Endless> ring;
  EndlessAttention::Workspace endless;
  fovea::KvCache<Half> half_cache;
  HalfAttention::Workspace half;
  fovea::KvCache<Small> small_cache;
  SmallAttention::Workspace small;
  Block::Workspace block;
  Encoder::Workspace encoder;
  Encoder::Cache encoder_caches[2];
  Decoder::Workspace decoder;
  Decoder::Cache decoder_caches[2];
  Decoder::MemoryCache memories[2];
  Accumulator accumulator[2];
  fovea::RopeTable<Causal::kRotaryDim, 8> angles;
};

inline fovea::Status UseFeatures(const AnyAttention::Call& call,
                                 const AnyAttention::Partial& partial,
                                 Memory& m) {
  FOVEA_RETURN_IF_BAD(AnyAttention::Run(call, m.any));
  FOVEA_RETURN_IF_BAD(AnyAttention::Run(call, m.any, 0, 2));
  FOVEA_RETURN_IF_BAD(AnyAttention::Step(call, m.any_cache, m.any));
  FOVEA_RETURN_IF_BAD(AnyAttention::Attend(call, m.any_cache, m.any));
  FOVEA_RETURN_IF_BAD(AnyAttention::Attend(call, m.any_cache, m.any, 0, 2));
  FOVEA_RETURN_IF_BAD(AnyAttention::RunPartial(call, 0, 9, partial, m.partial));
  FOVEA_RETURN_IF_BAD(
      AnyAttention::AttendPartial(call, m.any_cache, 0, 9, partial, m.partial));
  return AnyAttention::MergePartials(call, &partial, 1);
}

inline fovea::Status UseCaches(const EndlessAttention::Call& endless,
                               const HalfAttention::Call& half,
                               const SmallAttention::Call& small,
                               fovea::KvCache<Endless>* const* streams,
                               void* saved, Memory& m) {
  FOVEA_RETURN_IF_BAD(SmallAttention::Step(small, m.small_cache, m.small));
  FOVEA_RETURN_IF_BAD(m.small_cache.Save(saved, m.small_cache.SavedBytes()));
  FOVEA_RETURN_IF_BAD(m.small_cache.Restore(saved, m.small_cache.SavedBytes()));
  FOVEA_RETURN_IF_BAD(EndlessAttention::Step(endless, streams, m.endless));
  FOVEA_RETURN_IF_BAD(EndlessAttention::Attend(endless, m.ring, m.endless));
  FOVEA_RETURN_IF_BAD(m.ring.Truncate(1));
  FOVEA_RETURN_IF_BAD(HalfAttention::Step(half, m.half_cache, m.half));
  FOVEA_RETURN_IF_BAD(m.ring.Save(saved, m.ring.SavedBytes()));
  FOVEA_RETURN_IF_BAD(m.ring.Restore(saved, m.ring.SavedBytes()));
  fovea::CacheView<Half> view;
  FOVEA_RETURN_IF_BAD(fovea::CacheView<Half>::Open(saved, 64, view));
  return HalfAttention::Attend(half, view, m.half);
}

inline fovea::Status UseTransformer(const Encoder::Weights& encoder,
                                    const Encoder::Call& encode,
                                    const Decoder::Weights& decoder,
                                    const Decoder::Call& decode,
                                    const uint32_t* tokens, float* x,
                                    Memory& m) {
  FOVEA_RETURN_IF_BAD(fovea::Embedding<64>::Run(x, 9, tokens, 2, 1, x, 64));
  FOVEA_RETURN_IF_BAD(fovea::LearnedPositions<64>::Add(x, 9, 0, 2, x, 64));
  static constexpr fovea::SinusoidalPositions<64> kPositions;
  FOVEA_RETURN_IF_BAD(kPositions.Add(3, 2, x, 64));
  FOVEA_RETURN_IF_BAD(Encoder::Run(encoder, encode, m.encoder));
  FOVEA_RETURN_IF_BAD(
      Encoder::Step(encoder, encode, m.encoder_caches, m.encoder));
  FOVEA_RETURN_IF_BAD(Decoder::Run(decoder, decode, m.decoder));
  FOVEA_RETURN_IF_BAD(
      Decoder::CacheMemory(decoder, decode.memory, 2, m.memories, m.decoder));
  return Decoder::Step(decoder, decode, m.decoder_caches, m.memories,
                       m.decoder);
}

inline fovea::Status UseAll(const MultiHead::Weights& weights,
                            const MultiHead::Call& call,
                            const FullAttention::Call& full_call, float* x,
                            const Block::Weights& block, Memory& m) {
  m.cache.Clear();
  FOVEA_RETURN_IF_BAD(m.cache.Truncate(call.queries));
  FOVEA_RETURN_IF_BAD(MultiHead::Run(weights, call, m.multi_head));
  FOVEA_RETURN_IF_BAD(MultiHead::Step(weights, call, m.cache, m.multi_head));
  FOVEA_RETURN_IF_BAD(MultiHead::Attend(weights, call, m.cache, m.multi_head));
  FOVEA_RETURN_IF_BAD(MultiHead::AppendMemory(weights, call.x, call.keys,
                                              m.cache, m.multi_head));
  FOVEA_RETURN_IF_BAD(FullAttention::Run(full_call, m.full));
  FOVEA_RETURN_IF_BAD(FullAttention::Step(full_call, m.full_cache, m.full));
  FOVEA_RETURN_IF_BAD(FullAttention::Attend(full_call, m.full_cache, m.full));
  FOVEA_RETURN_IF_BAD(weights.rope->Apply(fovea::TokenMajor(x, 1, 1, 64), 1, 1,
                                          9, fovea::RopePairs::kInterleaved));
  FOVEA_RETURN_IF_BAD(m.angles.Fill(*weights.rope, call.rotary_position));
  FOVEA_RETURN_IF_BAD(m.angles.Apply(fovea::TokenMajor(x, 1, 1, 64), 1, 1,
                                     call.rotary_position,
                                     fovea::RopePairs::kHalfSplit));
  FOVEA_RETURN_IF_BAD(Block::Run(block, x, 64, 1, x, 64, m.block));
  FOVEA_RETURN_IF_BAD(Norm::Run(x, 64, 1, x, 1e-5f, x, 64));
  FOVEA_RETURN_IF_BAD(fovea::PackLinear(x, 4, 4, x + 64));
  FOVEA_RETURN_IF_BAD(fovea::Softmax(x, 64, 1.0f, x));
  const uint8_t* mask = reinterpret_cast<const uint8_t*>(x + 64);
  FOVEA_RETURN_IF_BAD(fovea::LogSoftmax(x, 64, 1.0f, x, mask));
  m.accumulator[0].Clear();
  FOVEA_RETURN_IF_BAD(m.accumulator[0].Add(x, x + 64, 20, 64));
  m.accumulator[0].Merge(m.accumulator[1]);
  x[0] = m.accumulator[0].Lse();
  return m.accumulator[0].Store(x + 1);
}

}  // namespace every_kernel

#endif  // FOVEA_TESTS_EVERY_KERNEL_H_
