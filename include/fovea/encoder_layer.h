// SPDX-License-Identifier: Apache-2.0
// A layer of self-attention and feed-forward ("Attention Is All You Need",
// arXiv 1706.03762), as torch.nn.TransformerEncoderLayer in inference.  With
// kCausal it is the layer of a decoder-only model (GPT, Llama), which Step
// streams.
#ifndef FOVEA_ENCODER_LAYER_H_
#define FOVEA_ENCODER_LAYER_H_

#include <cstddef>
#include <cstdint>

#include "fovea/call_options.h"
#include "fovea/check.h"
#include "fovea/check_options.h"
#include "fovea/feed_forward.h"
#include "fovea/kv_cache.h"
#include "fovea/multi_head.h"
#include "fovea/residual.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/transformer_config.h"
#include "fovea/view.h"

namespace fovea {
inline namespace FOVEA_TARGET_NAMESPACE {

// Config: derived from TransformerConfig; its kMemoryDim is 0.
template <class Config>
class EncoderLayer {
  using R = Resolved<Config>;

 public:
  static constexpr size_t kModelDim = Config::kModelDim;
  static constexpr size_t kMaxTokens = R::kMaxQueries;

  using SelfAttention = MultiHeadAttention<Config>;
  using Hidden = FeedForward<kModelDim, Config::kHiddenDim, kMaxTokens,
                             Config::kActivation>;
  using Cache = KvCache<Config>;

  // The parameters of one layer, beside their names in PyTorch.
  struct Weights {
    typename SelfAttention::Weights attention;  // PyTorch: self_attn
    NormWeights attention_norm;                 // norm1
    typename Hidden::Weights feed_forward;      // up: linear1, down: linear2
    NormWeights feed_forward_norm;              // norm2
  };

  // Scratch of Run, for any number of layers; and of Step alone, without room
  // for kMaxKeys projected keys.
  template <class AttentionWorkspace>
  struct alignas(64) Scratch {
    float branch[kMaxTokens * kModelDim];
    union {
      AttentionWorkspace attention;
      typename Hidden::Workspace feed_forward;
    };
  };
  using Workspace = Scratch<typename SelfAttention::Workspace>;
  using StepWorkspace = Scratch<typename SelfAttention::StepWorkspace>;

  // The config's features (masks, weights...) are members too: see CallOptions.
  struct Call : CallOptions<R> {
    // [batch][1][token][kModelDim]: TokenMajor(data, 1, tokens, kModelDim).
    View<const float> x;
    // [batch][1][token][kModelDim]; may be x with the same strides.
    View<float> y;
    size_t batch = 1;   // Step: 1
    size_t tokens = 0;  // 1 to kMaxQueries; Run: at most kMaxKeys too
    // Padding, for Run: [batch], tokens of each entry that are keys; null: all.
    const size_t* key_lengths = nullptr;
    // Rotary position of x's first token in Run.
    uint64_t rotary_position = 0;
  };

  // The layer over whole sequences.  Status as MultiHeadAttention::Run;
  // kNullPointer, kMisaligned, kBadScale, kUnsupported for weights.
  static Status Run(const Weights& weights, const Call& call,
                    Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckCall(weights, call, workspace));
    FOVEA_RETURN_IF_BAD(CheckWhole(weights, call));
    for (size_t b = 0; b < call.batch; ++b) {
      const TokenRows y = Entry(call, b);
      const auto attend = [&](const TokenRows& from, const TokenRows& to) {
        auto part = AttentionCall(call, from, to);
        static_cast<CallOptions<R>&>(part) =
            OptionsFrom<R, R>(call, {b, 0, 0}, call.tokens, call.tokens);
        if (call.key_lengths) part.key_lengths = call.key_lengths + b;
        part.rotary_position = call.rotary_position;
        return SelfAttention::Run(weights.attention, part, workspace.attention);
      };
      FOVEA_RETURN_IF_BAD(Layer(weights, y, attend, workspace));
    }
    return Status::kOk;
  }

  // A step or chunk of a stream: same bits as Run over the whole stream. Status
  // as MultiHeadAttention::Step; on any error the cache is as it was.
  template <class AnyWorkspace>
  static Status Step(const Weights& weights, const Call& call, Cache& cache,
                     AnyWorkspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckCall(weights, call, workspace));
    FOVEA_RETURN_IF_BAD(CheckStream(weights, call, cache));
    const auto attend = [&](const TokenRows& from, const TokenRows& to) {
      auto part = AttentionCall(call, from, to);
      static_cast<CallOptions<R>&>(part) = call;
      return SelfAttention::Step(weights.attention, part, cache,
                                 workspace.attention);
    };
    return Layer(weights, Entry(call, 0), attend, workspace);
  }

  // What Run and Step check of a layer's weights.
  static Status Check(const Weights& weights) noexcept {
    FOVEA_RETURN_IF_BAD(SelfAttention::Check(weights.attention));
    FOVEA_RETURN_IF_BAD(LayerNorms::Check(weights.attention_norm));
    FOVEA_RETURN_IF_BAD(Hidden::Check(weights.feed_forward));
    return LayerNorms::Check(weights.feed_forward_norm);
  }

  // What both check of a call, what Run adds and what Step adds: a stack checks
  // every layer before the first one writes.
  template <class AnyWorkspace>
  static Status CheckCall(const Weights& weights, const Call& call,
                          const AnyWorkspace& workspace) noexcept {
    if (!IsAligned(&workspace, alignof(AnyWorkspace))) {
      return Status::kMisaligned;
    }
    FOVEA_RETURN_IF_BAD(Check(weights));
    if (call.batch == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(CheckCount(call.tokens, kMaxTokens));
    return CheckRows(call.x, call.y, {call.batch, 1, call.tokens, kModelDim});
  }
  static Status CheckWhole(const Weights& weights, const Call& call) noexcept {
    FOVEA_RETURN_IF_BAD(CheckCount(call.tokens, R::kMaxKeys));
    FOVEA_RETURN_IF_BAD(
        CheckOptions<R>(call, call.batch, call.tokens, call.tokens));
    FOVEA_RETURN_IF_BAD(
        CheckKeyLengths(call.key_lengths, call.batch, call.tokens));
    return SelfAttention::CheckPositions(weights.attention,
                                         call.rotary_position, call.tokens);
  }
  static Status CheckStream(const Weights& weights, const Call& call,
                            const Cache& cache) noexcept {
    if (!IsAligned(&cache, alignof(Cache))) return Status::kMisaligned;
    if (call.batch != 1) return Status::kUnsupported;
    FOVEA_RETURN_IF_BAD(cache.CheckRoom(call.tokens));
    FOVEA_RETURN_IF_BAD(
        CheckOptions<R>(call, 1, call.tokens, cache.size() + call.tokens));
    return SelfAttention::CheckPositions(weights.attention, cache.position(),
                                         call.tokens);
  }

 private:
  using LayerNorms = Norm<Config::kNorm, kModelDim>;

  // y = x of one batch entry: the layer then works on y.
  static TokenRows Entry(const Call& call, size_t b) noexcept {
    const TokenRows y{call.y.Row(b, 0, 0), call.y.token_stride, call.tokens};
    CopyRows(call.x.Row(b, 0, 0), call.x.token_stride, kModelDim, y);
    return y;
  }

  static typename SelfAttention::Call AttentionCall(
      const Call& call, const TokenRows& from, const TokenRows& to) noexcept {
    typename SelfAttention::Call part;
    part.x = ViewOf(from);
    part.y = ViewOf(to);
    part.queries = call.tokens;
    return part;
  }

  template <class Attend, class AnyWorkspace>
  static Status Layer(const Weights& weights, const TokenRows& y,
                      const Attend& attend, AnyWorkspace& w) noexcept {
    FOVEA_RETURN_IF_BAD(
        AddBranch<Config>(weights.attention_norm, y, w.branch, attend));
    const auto feed_forward = [&](const TokenRows& from, const TokenRows& to) {
      Hidden::Apply(weights.feed_forward, from.data, from.stride, from.tokens,
                    to.data, to.stride, w.feed_forward);
      return Status::kOk;
    };
    return AddBranch<Config>(weights.feed_forward_norm, y, w.branch,
                             feed_forward);
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_ENCODER_LAYER_H_
