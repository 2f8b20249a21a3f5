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
#include "fovea/layer_calls.h"
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
  using Hidden =
      FeedForward<kModelDim, Config::kHiddenDim, kMaxTokens,
                  Config::kActivation, typename Config::WeightElement>;
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
    FOVEA_RETURN_IF_BAD(CheckRun(weights, call, workspace));
    return ApplyRun(weights, call, workspace);
  }

  // A step or chunk of a stream: same bits as Run over the whole stream. Status
  // as MultiHeadAttention::Step; on any error the cache is as it was.
  template <class AnyWorkspace>
  static Status Step(const Weights& weights, const Call& call, Cache& cache,
                     AnyWorkspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckStep(weights, call, cache, workspace));
    return ApplyStep(weights, call, cache, workspace);
  }

  // What Run and Step check of a layer's weights.
  static Status Check(const Weights& weights) noexcept {
    FOVEA_RETURN_IF_BAD(SelfAttention::Check(weights.attention));
    FOVEA_RETURN_IF_BAD(LayerNorms::Check(weights.attention_norm));
    FOVEA_RETURN_IF_BAD(Hidden::Check(weights.feed_forward));
    return LayerNorms::Check(weights.feed_forward_norm);
  }

  // Whether Run and Step accept a call: a stack asks every layer before the
  // first one writes.
  static Status CheckRun(const Weights& weights, const Call& call,
                         const Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(Check(weights));
    FOVEA_RETURN_IF_BAD(CheckLayerCall<EncoderLayer>(call, workspace));
    return CheckWholeCall<SelfAttention, R>(weights.attention, call);
  }
  template <class AnyWorkspace>
  static Status CheckStep(const Weights& weights, const Call& call,
                          const Cache& cache,
                          const AnyWorkspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(Check(weights));
    FOVEA_RETURN_IF_BAD(CheckLayerCall<EncoderLayer>(call, workspace));
    return CheckStreamCall<SelfAttention, R>(weights.attention, call, cache);
  }

  // Run and Step without those checks: for callers that made them for many
  // layers.
  static Status ApplyRun(const Weights& weights, const Call& call,
                         Workspace& workspace) noexcept {
    for (size_t b = 0; b < call.batch; ++b) {
      const auto attend = [&](const TokenRows& from, const TokenRows& to) {
        return SelfAttention::Run(
            weights.attention, WholeCallOf<SelfAttention, R>(call, b, from, to),
            workspace.attention);
      };
      FOVEA_RETURN_IF_BAD(
          Layer(weights, EntryOf(call, kModelDim, b), attend, workspace));
    }
    return Status::kOk;
  }
  template <class AnyWorkspace>
  static Status ApplyStep(const Weights& weights, const Call& call,
                          Cache& cache, AnyWorkspace& workspace) noexcept {
    const auto attend = [&](const TokenRows& from, const TokenRows& to) {
      return SelfAttention::Step(weights.attention,
                                 StreamCallOf<SelfAttention, R>(call, from, to),
                                 cache, workspace.attention);
    };
    return Layer(weights, EntryOf(call, kModelDim, 0), attend, workspace);
  }

 private:
  using LayerNorms = Norm<Config::kNorm, kModelDim>;

  template <class Attend, class AnyWorkspace>
  static Status Layer(const Weights& weights, const TokenRows& y,
                      const Attend& attend, AnyWorkspace& w) noexcept {
    FOVEA_RETURN_IF_BAD(
        AddBranch<Config>(weights.attention_norm, y, w.branch, attend));
    return AddFeedForward<Config, Hidden>(weights.feed_forward,
                                          weights.feed_forward_norm, y,
                                          w.branch, w.feed_forward);
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_ENCODER_LAYER_H_
