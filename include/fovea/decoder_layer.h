// SPDX-License-Identifier: Apache-2.0
// A layer of self-attention, cross-attention to a memory and feed-forward
// ("Attention Is All You Need", arXiv 1706.03762), as
// torch.nn.TransformerDecoderLayer in inference.
#ifndef FOVEA_DECODER_LAYER_H_
#define FOVEA_DECODER_LAYER_H_

#include <cstddef>
#include <cstdint>

#include "fovea/call_options.h"
#include "fovea/check.h"
#include "fovea/check_options.h"
#include "fovea/encoder_layer.h"
#include "fovea/kv_cache.h"
#include "fovea/layer_calls.h"
#include "fovea/multi_head.h"
#include "fovea/residual.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/transformer_config.h"
#include "fovea/view.h"

namespace fovea {

// The self-attention of a decoder: everything that Config names, on x alone.
template <class Config>
struct DecoderSelfConfig : Config {
  static constexpr size_t kMemoryDim = 0;
};

// Its cross-attention: the same heads and cache elements over the memory, whole
// and without positions.  kWeights stays: Call::memory_weights.
template <class Config>
struct DecoderCrossConfig : Config {
  static constexpr size_t kMaxKeys =
      Config::kMaxMemory == 0 ? Config::kMaxKeys : Config::kMaxMemory;
  static constexpr bool kCausal = false;
  static constexpr size_t kWindow = 0, kSinks = 0;
  static constexpr bool kRing = false;
  static constexpr MaskKind kMask = MaskKind::kNone;
  static constexpr bool kSoftcap = false, kAlibi = false, kSinkLogits = false;
  static constexpr size_t kRotaryDim = 0, kRotaryPositions = 0;
  using ScorePolicy = void;
  static constexpr bool kLse = false;
  static constexpr ScoreStage kScores = ScoreStage::kNone;
};

namespace options {

// With kWeights, of a decoder: the softmax over the memory,
// [batch][head][token][memory token], dense; or null.
template <bool kWeights>
struct MemoryWeights {};
template <>
struct MemoryWeights<true> {
  float* memory_weights = nullptr;
};

}  // namespace options

inline namespace FOVEA_TARGET_NAMESPACE {

// Config: derived from TransformerConfig, with kCausal for a model that writes.
// kMemoryDim is the memory's; kMaxMemory its most tokens.
template <class Config>
class DecoderLayer {
  using R = Resolved<DecoderSelfConfig<Config>>;
  using Self = EncoderLayer<DecoderSelfConfig<Config>>;

 public:
  static constexpr size_t kModelDim = Config::kModelDim;
  static constexpr size_t kMaxTokens = R::kMaxQueries;

  using SelfAttention = typename Self::SelfAttention;
  using CrossAttention = MultiHeadAttention<DecoderCrossConfig<Config>>;
  using Hidden = typename Self::Hidden;
  using Cache = KvCache<DecoderSelfConfig<Config>>;
  // Keys and values of the memory, which CacheMemory computes once.
  using MemoryCache = KvCache<DecoderCrossConfig<Config>>;

  static constexpr size_t kMemoryDim = CrossAttention::kMemoryDim;
  // The most tokens of a memory.
  static constexpr size_t kMaxMemory = DecoderCrossConfig<Config>::kMaxKeys;

  // The parameters of one layer, beside their names in PyTorch.
  struct Weights {
    typename SelfAttention::Weights self_attention;    // self_attn
    NormWeights self_attention_norm;                   // norm1
    typename CrossAttention::Weights cross_attention;  // multihead_attn
    NormWeights cross_attention_norm;                  // norm2
    typename Hidden::Weights feed_forward;  // up: linear1, down: linear2
    NormWeights feed_forward_norm;          // norm3
  };

  // Scratch of Run; and of Step and CacheMemory alone.
  template <class SelfWorkspace, class CrossWorkspace>
  struct alignas(64) Scratch {
    float branch[kMaxTokens * kModelDim];
    union {
      SelfWorkspace self_attention;
      CrossWorkspace cross_attention;
      typename Hidden::Workspace feed_forward;
    };
  };
  using Workspace = Scratch<typename SelfAttention::Workspace,
                            typename CrossAttention::Workspace>;
  using StepWorkspace = Scratch<typename SelfAttention::StepWorkspace,
                                typename CrossAttention::StepWorkspace>;

  // The config's features are those of the self-attention: see CallOptions.
  struct Call : CallOptions<R>, options::MemoryWeights<R::kWeights> {
    // [batch][1][token][kModelDim]: TokenMajor(data, 1, tokens, kModelDim).
    View<const float> x;
    // [batch][1][token][kMemoryDim], for Run.
    View<const float> memory;
    // [batch][1][token][kModelDim]; may be x with the same strides.
    View<float> y;
    size_t batch = 1;          // Step: 1
    size_t tokens = 0;         // 1 to kMaxQueries; Run: at most kMaxKeys too
    size_t memory_tokens = 0;  // 1 to kMaxMemory, for Run
    // Padding, for Run: [batch], tokens of each entry of x and of the memory
    // that are keys; null: all.
    const size_t* key_lengths = nullptr;
    const size_t* memory_lengths = nullptr;
    // Rotary position of x's first token in Run.
    uint64_t rotary_position = 0;
  };

  // The layer over whole sequences.  Status as MultiHeadAttention::Run;
  // kNullPointer, kMisaligned, kBadScale, kUnsupported for weights.
  static Status Run(const Weights& weights, const Call& call,
                    Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckRun(weights, call, workspace));
    return ApplyRun(weights, call, workspace);
  }

  // A step or chunk of a stream: same bits as Run over the whole stream, with
  // the memory that CacheMemory has seen.  Status as MultiHeadAttention::Step,
  // kZeroCount for a memory cache that is empty; on any error the cache is as
  // it was.
  template <class AnyWorkspace>
  static Status Step(const Weights& weights, const Call& call, Cache& cache,
                     const MemoryCache& memory,
                     AnyWorkspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckStep(weights, call, cache, memory, workspace));
    return ApplyStep(weights, call, cache, memory, workspace);
  }

  // Computes the keys and values of a memory [1][1][token][kMemoryDim] and
  // appends them to the cache.  Status as MultiHeadAttention::AppendMemory; on
  // any error the cache is as it was.
  template <class AnyWorkspace>
  static Status CacheMemory(const Weights& weights, View<const float> memory,
                            size_t tokens, MemoryCache& cache,
                            AnyWorkspace& workspace) noexcept {
    if (!IsAligned(&workspace, alignof(AnyWorkspace))) {
      return Status::kMisaligned;
    }
    return CrossAttention::AppendMemory(weights.cross_attention, memory, tokens,
                                        cache, workspace.cross_attention);
  }

  // What Run and Step check of a layer's weights.
  static Status Check(const Weights& weights) noexcept {
    FOVEA_RETURN_IF_BAD(SelfAttention::Check(weights.self_attention));
    FOVEA_RETURN_IF_BAD(LayerNorms::Check(weights.self_attention_norm));
    FOVEA_RETURN_IF_BAD(CrossAttention::Check(weights.cross_attention));
    FOVEA_RETURN_IF_BAD(LayerNorms::Check(weights.cross_attention_norm));
    FOVEA_RETURN_IF_BAD(Hidden::Check(weights.feed_forward));
    return LayerNorms::Check(weights.feed_forward_norm);
  }

  // Whether Run and Step accept a call: a stack asks every layer before the
  // first one writes.
  static Status CheckRun(const Weights& weights, const Call& call,
                         const Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckCall(weights, call, workspace));
    FOVEA_RETURN_IF_BAD(CheckCount(call.memory_tokens, kMaxMemory));
    const Extent memory{call.batch, 1, call.memory_tokens, kMemoryDim};
    FOVEA_RETURN_IF_BAD(CheckView(call.memory, memory, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(
        CheckKeyLengths(call.memory_lengths, call.batch, call.memory_tokens));
    return CheckWholeCall<SelfAttention, R>(weights.self_attention, call);
  }
  template <class AnyWorkspace>
  static Status CheckStep(const Weights& weights, const Call& call,
                          const Cache& cache, const MemoryCache& memory,
                          const AnyWorkspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckCall(weights, call, workspace));
    if (!IsAligned(&memory, alignof(MemoryCache))) return Status::kMisaligned;
    if (memory.size() == 0) return Status::kZeroCount;
    return CheckStreamCall<SelfAttention, R>(weights.self_attention, call,
                                             cache);
  }

  // Run and Step without those checks: for callers that made them for many
  // layers.
  static Status ApplyRun(const Weights& weights, const Call& call,
                         Workspace& workspace) noexcept {
    for (size_t b = 0; b < call.batch; ++b) {
      const auto attend = [&](const TokenRows& from, const TokenRows& to) {
        return SelfAttention::Run(
            weights.self_attention,
            WholeCallOf<SelfAttention, R>(call, b, from, to),
            workspace.self_attention);
      };
      const auto cross = [&](const TokenRows& from, const TokenRows& to) {
        auto part = CrossCall(call, from, to, b, call.memory_tokens);
        part.memory = call.memory;
        part.memory.data = call.memory.Row(b, 0, 0);
        part.keys = call.memory_tokens;
        if (call.memory_lengths) part.key_lengths = call.memory_lengths + b;
        return CrossAttention::Run(weights.cross_attention, part,
                                   workspace.cross_attention);
      };
      FOVEA_RETURN_IF_BAD(Layer(weights, EntryOf(call, kModelDim, b), attend,
                                cross, workspace));
    }
    return Status::kOk;
  }
  template <class AnyWorkspace>
  static Status ApplyStep(const Weights& weights, const Call& call,
                          Cache& cache, const MemoryCache& memory,
                          AnyWorkspace& workspace) noexcept {
    const auto attend = [&](const TokenRows& from, const TokenRows& to) {
      return SelfAttention::Step(weights.self_attention,
                                 StreamCallOf<SelfAttention, R>(call, from, to),
                                 cache, workspace.self_attention);
    };
    const auto cross = [&](const TokenRows& from, const TokenRows& to) {
      return CrossAttention::Attend(weights.cross_attention,
                                    CrossCall(call, from, to, 0, memory.size()),
                                    memory, workspace.cross_attention);
    };
    return Layer(weights, EntryOf(call, kModelDim, 0), attend, cross,
                 workspace);
  }

 private:
  using LayerNorms = Norm<Config::kNorm, kModelDim>;

  template <class AnyWorkspace>
  static Status CheckCall(const Weights& weights, const Call& call,
                          const AnyWorkspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(Check(weights));
    if constexpr (R::kWeights) {
      FOVEA_RETURN_IF_BAD(CheckOptionalArray(call.memory_weights));
    }
    return CheckLayerCall<DecoderLayer>(call, workspace);
  }

  static typename CrossAttention::Call CrossCall(const Call& call,
                                                 const TokenRows& from,
                                                 const TokenRows& to, size_t b,
                                                 size_t memory_tokens) {
    auto part = CallOf<CrossAttention>(from, to);
    if constexpr (R::kWeights) {
      const size_t entry = R::kHeads * call.tokens * memory_tokens;
      if (call.memory_weights) part.weights = call.memory_weights + b * entry;
    }
    return part;
  }

  template <class Attend, class Cross, class AnyWorkspace>
  static Status Layer(const Weights& weights, const TokenRows& y,
                      const Attend& attend, const Cross& cross,
                      AnyWorkspace& w) noexcept {
    FOVEA_RETURN_IF_BAD(
        AddBranch<Config>(weights.self_attention_norm, y, w.branch, attend));
    FOVEA_RETURN_IF_BAD(
        AddBranch<Config>(weights.cross_attention_norm, y, w.branch, cross));
    return AddFeedForward<Config, Hidden>(weights.feed_forward,
                                          weights.feed_forward_norm, y,
                                          w.branch, w.feed_forward);
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_DECODER_LAYER_H_
