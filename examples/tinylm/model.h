// SPDX-License-Identifier: Apache-2.0
// A decoder-only transformer out of fovea's pieces: RMSNorm, rotary
// grouped-query attention, SwiGLU.  All memory is in objects of fixed size.
#ifndef FOVEA_EXAMPLES_TINYLM_MODEL_H_
#define FOVEA_EXAMPLES_TINYLM_MODEL_H_

#include <cstddef>
#include <cstdint>

#include "embed.h"
#include "fovea/feed_forward.h"
#include "fovea/multi_head.h"
#include "fovea/rms_norm.h"
#include "fovea/rope.h"
#include "no_clock.h"
#include "output_layer.h"
#include "sampler.h"
#include "shape.h"
#include "weights.h"

namespace tinylm {

// kMaxChunk tokens at most go through the model in one call.  The cache stores
// CacheElementArg; kEndless makes it a window of kContext tokens over a stream
// of any length, where otherwise kContext tokens are all.  WeightElementArg is
// that of all linear layers, float or int8_t; norms stay float.
template <size_t kMaxChunk, class CacheElementArg = float,
          bool kEndlessArg = false, class WeightElementArg = float>
class Model {
  using LayerWeights = LayerWeightsIn<WeightElementArg>;
  using Output = OutputLayer<WeightElementArg, kMaxChunk>;

 public:
  using WeightElement = WeightElementArg;
  using Weights = WeightsIn<WeightElement>;
  using Logit = float;
  using Sampler = tinylm::Sampler;
  using NoClock = tinylm::NoClock;
  static constexpr size_t kChunk = kMaxChunk;
  static constexpr bool kEndless = kEndlessArg;

  struct Config : fovea::MultiHeadConfig {
    using CacheElement = CacheElementArg;
    using WeightElement = WeightElementArg;
    static constexpr bool kRing = kEndless;
    static constexpr size_t kWindow = kEndless ? kContext : 0;
    static constexpr size_t kModelDim = kWidth;
    static constexpr size_t kHeads = tinylm::kHeads;
    static constexpr size_t kKvHeads = tinylm::kKvHeads;
    static constexpr size_t kHeadDim = tinylm::kHeadDim;
    static constexpr size_t kRotaryDim = tinylm::kHeadDim;
    static constexpr size_t kMaxQueries = kMaxChunk;
    static constexpr size_t kMaxKeys = kContext;
    static constexpr bool kCausal = true;
  };
  using MultiHead = fovea::MultiHeadAttention<Config>;
  using FeedForward =
      fovea::FeedForward<kWidth, kHidden, kMaxChunk, fovea::Activation::kSwiGlu,
                         WeightElement>;
  using Norm = fovea::RmsNorm<kWidth>;

  // What one stream remembers.
  struct Cache {
    fovea::KvCache<Config> layers[kLayers];

    void Clear() {
      for (auto& layer : layers) layer.Clear();
    }
    size_t size() const { return layers[0].size(); }
  };

  // Scratch of one call.
  template <class AttentionWorkspace>
  struct Scratch : Output::Workspace {
    alignas(64) float x[kMaxChunk * kWidth];
    alignas(64) float normed[kMaxChunk * kWidth];
    AttentionWorkspace attention;
    typename FeedForward::Workspace feed_forward;
  };
  using Workspace = Scratch<typename MultiHead::StepWorkspace>;
  using PrefillWorkspace = Scratch<typename MultiHead::Workspace>;

  // Takes `count` tokens into the cache and writes the logits that follow the
  // last `wanted` of them: logits [wanted][kVocab].
  template <class Clock = NoClock>
  static fovea::Status Step(const Weights& weights, const uint8_t* tokens,
                            size_t count, Cache& cache, Workspace& w,
                            size_t wanted, float* logits,
                            Clock&& clock = Clock()) {
    if (!kEndless && count > kContext - cache.size()) {
      return fovea::Status::kCacheFull;
    }
    const auto attend = [&](const typename MultiHead::Weights& layer,
                            const typename MultiHead::Call& call, size_t i) {
      return MultiHead::Step(layer, call, cache.layers[i], w.attention);
    };
    return Forward(weights, tokens, count, w, wanted, logits, attend, clock);
  }

  // The same for a whole text at once, without a cache.
  static fovea::Status Prefill(const Weights& weights, const uint8_t* tokens,
                               size_t count, PrefillWorkspace& w, size_t wanted,
                               float* logits) {
    const auto attend = [&](const typename MultiHead::Weights& layer,
                            const typename MultiHead::Call& call, size_t) {
      return MultiHead::Run(layer, call, w.attention);
    };
    NoClock none;
    return Forward(weights, tokens, count, w, wanted, logits, attend, none);
  }

 private:
  static constexpr fovea::Rope<kHeadDim> kRope{static_cast<double>(kRopeBase)};

  template <class AnyWorkspace, class AttendFn, class Clock>
  static fovea::Status Forward(const Weights& weights, const uint8_t* tokens,
                               size_t count, AnyWorkspace& w, size_t wanted,
                               float* logits, const AttendFn& attend,
                               Clock& clock) {
    if (count == 0 || wanted > count) return fovea::Status::kZeroCount;
    if (count > kMaxChunk) return fovea::Status::kTooManyTokens;
    Embed(weights, tokens, count, w.x);
    for (size_t i = 0; i < kLayers; ++i) {
      const LayerWeights& layer = weights.layers[i];
      clock.Start();
      FOVEA_RETURN_IF_BAD(Attend(layer, i, count, attend, w));
      clock.Stop();
      FOVEA_RETURN_IF_BAD(Think(layer, count, w));
    }
    if (wanted == 0) return fovea::Status::kOk;
    const float* last = w.x + (count - wanted) * kWidth;
    FOVEA_RETURN_IF_BAD(Norm::Run(last, kWidth, wanted, weights.norm, kNormEps,
                                  w.normed, kWidth));
    return Output::Run(weights.embedding, w.normed, wanted, logits, w);
  }

  // x += attention(norm(x)).
  template <class AnyWorkspace, class AttendFn>
  static fovea::Status Attend(const LayerWeights& layer, size_t index,
                              size_t count, const AttendFn& attend,
                              AnyWorkspace& w) {
    FOVEA_RETURN_IF_BAD(Norm::Run(w.x, kWidth, count, layer.attention_norm,
                                  kNormEps, w.normed, kWidth));
    typename MultiHead::Weights weights;
    weights.q = layer.q;
    weights.k = layer.k;
    weights.v = layer.v;
    weights.out = layer.out;
    weights.rope = &kRope;
    typename MultiHead::Call call;
    call.x = fovea::TokenMajor<const float>(w.normed, 1, count, kWidth);
    call.y = fovea::TokenMajor(w.normed, 1, count, kWidth);
    call.queries = count;
    FOVEA_RETURN_IF_BAD(attend(weights, call, index));
    Add(w.normed, count, w.x);
    return fovea::Status::kOk;
  }

  // x += feed_forward(norm(x)).
  template <class AnyWorkspace>
  static fovea::Status Think(const LayerWeights& layer, size_t count,
                             AnyWorkspace& w) {
    FOVEA_RETURN_IF_BAD(Norm::Run(w.x, kWidth, count, layer.ffn_norm, kNormEps,
                                  w.normed, kWidth));
    FOVEA_RETURN_IF_BAD(FeedForward::Run({layer.gate, layer.up, layer.down},
                                         w.normed, kWidth, count, w.normed,
                                         kWidth, w.feed_forward));
    Add(w.normed, count, w.x);
    return fovea::Status::kOk;
  }

  static void Add(const float* from, size_t count, float* to) {
    for (size_t i = 0; i < count * kWidth; ++i) to[i] += from[i];
  }
};

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_MODEL_H_
