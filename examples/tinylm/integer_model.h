// SPDX-License-Identifier: Apache-2.0
// tinylm in integers alone: as model.h, with tensors of int8 that have fixed
// scales, for a core without a floating-point unit.  The same bits everywhere.
#ifndef FOVEA_EXAMPLES_TINYLM_INTEGER_MODEL_H_
#define FOVEA_EXAMPLES_TINYLM_INTEGER_MODEL_H_

#include <cstddef>
#include <cstdint>

#include "fovea/check.h"
#include "fovea/integer_attention.h"
#include "fovea/integer_kv_cache.h"
#include "fovea/linear_integer.h"
#include "fovea/status.h"
#include "fovea/view.h"
#include "integer_layers.h"
#include "integer_sampler.h"
#include "integer_weights.h"
#include "no_clock.h"
#include "shape.h"

namespace tinylm {

// kMaxChunk tokens at most go through the model in one call.
template <size_t kMaxChunk>
class IntegerModel {
 public:
  static constexpr size_t kChunk = kMaxChunk;
  static constexpr bool kEndless = false;
  using Weights = IntegerFile;
  using Logit = int16_t;  // of 2^-kLogitBits
  using Sampler = IntegerSampler;
  using NoClock = tinylm::NoClock;

  struct Config : fovea::IntegerAttentionConfig {
    static constexpr size_t kHeads = tinylm::kHeads;
    static constexpr size_t kKvHeads = tinylm::kKvHeads;
    static constexpr size_t kHeadDim = tinylm::kHeadDim;
    static constexpr size_t kMaxQueries = kMaxChunk, kMaxKeys = kContext;
    static constexpr bool kCausal = true;
  };
  using Attention = fovea::IntegerAttention<Config>;

  struct Cache {
    fovea::IntegerKvCache<Config> layers[kLayers];

    void Clear() {
      for (auto& layer : layers) layer.Clear();
    }
    size_t size() const { return layers[0].size(); }
  };

  struct Workspace {
    int32_t x[kMaxChunk][kWidth];  // the residual stream
    int8_t normed[kMaxChunk][kWidth];
    int8_t q[kMaxChunk][kQueryRow];  // and the heads' outputs
    int8_t k[kMaxChunk][kKeyRow];
    int8_t v[kMaxChunk][kKeyRow];
    int8_t hidden[kHidden];
    int16_t gate[kHidden], up[kHidden];  // or a row to turn, or a branch
    typename Attention::Workspace attention;
  };

  // As Model::Step.
  template <class Clock = NoClock>
  static fovea::Status Step(const Weights& weights, const uint8_t* tokens,
                            size_t count, Cache& cache, Workspace& w,
                            size_t wanted, Logit* logits,
                            Clock&& clock = Clock()) {
    if (count == 0 || wanted > count) return fovea::Status::kZeroCount;
    if (count > kMaxChunk) return fovea::Status::kTooManyTokens;
    if (count > kContext - cache.size()) return fovea::Status::kCacheFull;
    for (size_t t = 0; t < count; ++t) Embed(weights, tokens[t], w.x[t]);
    for (size_t i = 0; i < kLayers; ++i) {
      const IntegerLayer& layer = weights.layers[i];
      clock.Start();
      FOVEA_RETURN_IF_BAD(Attend(weights, layer, count, cache.layers[i], w));
      clock.Stop();
      for (size_t t = 0; t < count; ++t) {
        FOVEA_RETURN_IF_BAD(Think(weights, layer, t, w));
      }
    }
    for (size_t t = count - wanted; t < count; ++t, logits += kVocab) {
      Normalise(w.x[t], weights.norm, w.normed[t]);
      FOVEA_RETURN_IF_BAD(Linear(weights.output, w.normed[t], logits));
    }
    return fovea::Status::kOk;
  }

 private:
  // One token.
  template <size_t kInputs, size_t kOutputs, class Output>
  static fovea::Status Linear(const IntegerLinear<kInputs, kOutputs>& layer,
                              const int8_t* x, Output* y) {
    return fovea::LinearInteger<kInputs, kOutputs, Output>::Run(
        layer.weights(), x, kInputs, 1, y, kOutputs);
  }

  // The output layer's row, in steps of the residual stream.
  static void Embed(const Weights& weights, size_t token, int32_t* x) {
    using fovea::kPanel;
    const int8_t* panel = weights.output.panels +
                          token / kPanel * kPanel * kWidth + token % kPanel * 4;
    const auto& scales = weights.embedding;
    for (size_t i = 0; i < kWidth; ++i) {
      x[i] = fovea::integer::Rescale(panel[i / 4 * 4 * kPanel + i % 4],
                                     scales.multipliers[token],
                                     scales.shifts[token]);
    }
  }

  // x += attention(norm(x)), of all tokens.
  static fovea::Status Attend(const Weights& weights, const IntegerLayer& layer,
                              size_t count,
                              fovea::IntegerKvCache<Config>& cache,
                              Workspace& w) {
    for (size_t t = 0; t < count; ++t) {
      const Turn* turns = weights.turns[cache.size() + t];
      Normalise(w.x[t], layer.attention_norm, w.normed[t]);
      FOVEA_RETURN_IF_BAD(Linear(layer.q, w.normed[t], w.gate));
      TurnHeads(w.gate, kHeads, turns, w.q[t]);
      FOVEA_RETURN_IF_BAD(Linear(layer.k, w.normed[t], w.gate));
      TurnHeads(w.gate, kKvHeads, turns, w.k[t]);
      FOVEA_RETURN_IF_BAD(Linear(layer.v, w.normed[t], w.v[t]));
    }
    const fovea::IntegerScales scales = layer.attention_scales();
    typename Attention::Call call;
    using fovea::TokenMajor;
    call.q = TokenMajor<const int8_t>(w.q[0], kHeads, count, kHeadDim);
    call.k = TokenMajor<const int8_t>(w.k[0], kKvHeads, count, kHeadDim);
    call.v = TokenMajor<const int8_t>(w.v[0], kKvHeads, count, kHeadDim);
    call.out = TokenMajor(w.q[0], kHeads, count, kHeadDim);
    call.queries = count;
    call.scales = &scales;
    FOVEA_RETURN_IF_BAD(Attention::Step(call, cache, w.attention));
    for (size_t t = 0; t < count; ++t) {
      FOVEA_RETURN_IF_BAD(Linear(layer.out, w.q[t], w.gate));
      Add(w.gate, w.x[t]);
    }
    return fovea::Status::kOk;
  }

  static void TurnHeads(const int16_t* x, size_t heads, const Turn* turns,
                        int8_t* y) {
    for (size_t i = 0; i < heads * kHeadDim; i += kHeadDim) {
      TurnHead(x + i, turns, y + i);
    }
  }

  // x += feed_forward(norm(x)), of one token.
  static fovea::Status Think(const Weights& weights, const IntegerLayer& layer,
                             size_t t, Workspace& w) {
    Normalise(w.x[t], layer.ffn_norm, w.normed[t]);
    FOVEA_RETURN_IF_BAD(Linear(layer.gate, w.normed[t], w.gate));
    FOVEA_RETURN_IF_BAD(Linear(layer.up, w.normed[t], w.up));
    Gate(w.gate, w.up, kHidden, weights.silu, layer, w.hidden);
    FOVEA_RETURN_IF_BAD(Linear(layer.down, w.hidden, w.gate));
    Add(w.gate, w.x[t]);
    return fovea::Status::kOk;
  }

  static void Add(const int16_t* branch, int32_t* x) {
    for (size_t i = 0; i < kWidth; ++i) x[i] += branch[i];
  }
};

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_INTEGER_MODEL_H_
