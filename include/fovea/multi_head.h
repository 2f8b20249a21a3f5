// SPDX-License-Identifier: Apache-2.0
// Multi-head attention with its projections, as torch.nn.MultiheadAttention:
//
//   y = concat over heads of Attention(x Wq, m Wk, m Wv) Wo,  m = x or a memory
#ifndef FOVEA_MULTI_HEAD_H_
#define FOVEA_MULTI_HEAD_H_

#include <cstddef>
#include <cstdint>

#include "fovea/attention.h"
#include "fovea/call_options.h"
#include "fovea/check.h"
#include "fovea/check_options.h"
#include "fovea/config.h"
#include "fovea/kv_cache.h"
#include "fovea/linear.h"
#include "fovea/linear_int8.h"
#include "fovea/linear_layers.h"
#include "fovea/rope.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/view.h"

namespace fovea {

// Derive, and name only what differs.
struct MultiHeadConfig : AttentionConfig {
  static constexpr size_t kModelDim = 64;  // of x and y
  static constexpr size_t kMemoryDim = 0;  // of a memory; 0: as kModelDim
  using WeightElement = float;  // of the projections: float or int8_t
};

inline namespace FOVEA_TARGET_NAMESPACE {

// Config: derived from MultiHeadConfig.
template <class Config>
class MultiHeadAttention {
  using R = Resolved<Config>;
  using Core = Attention<Config>;
  using Project = LinearLayers<typename Config::WeightElement>;
  using LayerWeights = typename Project::Weights;
  static constexpr size_t Larger(size_t a, size_t b) { return a > b ? a : b; }

 public:
  static constexpr size_t kModelDim = Config::kModelDim;
  // With its default filled in.
  static constexpr size_t kMemoryDim =
      Config::kMemoryDim == 0 ? kModelDim : Config::kMemoryDim;
  // Elements of a token's projected row.
  static constexpr size_t kQueryRow = R::kHeads * R::kHeadDim;
  static constexpr size_t kKeyRow = R::kKvHeads * R::kHeadDim;
  static constexpr size_t kValueRow = R::kKvHeads * R::kValueDim;
  static constexpr size_t kOutputRow = R::kHeads * R::kValueDim;
  // Whether queries and keys turn with their position.
  static constexpr bool kRotary = Config::kRotaryDim > 0;
  // Tokens of keys that one call projects at most.
  static constexpr size_t kMaxProjected =
      R::kMaxKeys > R::kMaxQueries ? R::kMaxKeys : R::kMaxQueries;

  static_assert(kModelDim > 0, "kModelDim must not be 0");

  // With kRotaryDim: a Rope, or the RopeTable of kRotaryPositions.
  using Rotary = typename Core::Rotary;

  // Packed by PackLinear (PackLinearInt8) from PyTorch's [out][in]: rows of
  // in_proj_weight are q (kHeads * kHeadDim of them), k, v.
  struct Weights {
    LayerWeights q;                // kModelDim -> kHeads * kHeadDim
    LayerWeights k;                // kMemoryDim -> kKvHeads * kHeadDim
    LayerWeights v;                // kMemoryDim -> kKvHeads * kValueDim
    LayerWeights out;              // kHeads * kValueDim -> kModelDim
    const Rotary* rope = nullptr;  // needed with kRotaryDim > 0; valid
  };

  // Empty for weights of float.
  using ProjectionScratch = typename Project::template Scratch<
      Larger(Larger(kModelDim, kMemoryDim), kOutputRow), kMaxProjected>;

  // Scratch of Run: projected queries, keys and values of one batch entry.
  struct alignas(64) Workspace : ProjectionScratch {
    float q[R::kMaxQueries * kQueryRow];
    float k[kMaxProjected * kKeyRow];
    float v[kMaxProjected * kValueRow];
    float heads[R::kMaxQueries * kOutputRow];
    typename Core::Workspace attention;
  };

  // Scratch of Step and Attend alone: no room for kMaxKeys projected keys.
  struct alignas(64) StepWorkspace : ProjectionScratch {
    float q[R::kMaxQueries * kQueryRow];
    float k[R::kMaxQueries * kKeyRow];
    float v[R::kMaxQueries * kValueRow];
    float heads[R::kMaxQueries * kOutputRow];
    typename Core::Workspace attention;
  };

  // The config's features (masks, weights, ...) are members here too: see
  // CallOptions.
  struct Call : CallOptions<R> {
    // [batch][1][query][kModelDim]: TokenMajor(data, 1, queries, kModelDim).
    View<const float> x;
    // [batch][1][key][kMemoryDim] for cross-attention; without data the keys
    // are x itself.  Step and Attend ignore it.
    View<const float> memory;
    // [batch][1][query][kModelDim]; may be x.
    View<float> y;
    size_t batch = 1;    // Step and Attend: 1
    size_t queries = 0;  // 1 to kMaxQueries
    size_t keys = 0;     // tokens of the memory, 1 to kMaxKeys
    // As in Attention::Call.
    int64_t first_position = 0;
    // Padding, for Run: as in Attention::Call, of x itself or the memory.
    const size_t* key_lengths = nullptr;
    // Rotary position of x's first token in Run and Attend.  Step takes it from
    // the cache.
    uint64_t rotary_position = 0;
    float scale = 0;  // 0: 1 / sqrt(head_dim)
  };

  // Self-attention (no memory) or cross-attention.  Status as Attention::Run;
  // kTooManyTokens also where self-attention has more queries than kMaxKeys,
  // kNullPointer for missing weights, kUnsupported for a memory with rotary
  // positions (they have none).
  static Status Run(const Weights& weights, const Call& call,
                    Workspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckCall(weights, call, workspace));
    FOVEA_RETURN_IF_BAD(
        CheckPositions(weights, call.rotary_position, call.queries));
    const bool self = call.memory.data == nullptr;
    const size_t keys = self ? call.queries : call.keys;
    FOVEA_RETURN_IF_BAD(CheckCount(keys, R::kMaxKeys));
    FOVEA_RETURN_IF_BAD(CheckOptions<R>(call, call.batch, call.queries, keys));
    FOVEA_RETURN_IF_BAD(CheckKeyLengths(call.key_lengths, call.batch, keys));
    if (self) {
      if (kMemoryDim != kModelDim) return Status::kUnsupported;
    } else {
      if (kRotary) return Status::kUnsupported;
      FOVEA_RETURN_IF_BAD(CheckView(
          call.memory, {call.batch, 1, keys, kMemoryDim}, Shares::kBatch));
    }
    const View<const float> memory = self ? call.x : call.memory;
    for (size_t b = 0; b < call.batch; ++b) {
      ProjectQueries(weights, call, b, workspace);
      ProjectKeys(weights, memory, b, keys, workspace);
      Rotate(weights, KeysOf(workspace, keys), keys, call.rotary_position);
      typename Core::Call core = CoreCall(weights, call, workspace);
      core.keys = keys;
      SetPosition(call, core);
      if (call.key_lengths) core.key_lengths = call.key_lengths + b;
      static_cast<CallOptions<R>&>(core) =
          OptionsFrom<R, R>(call, {b, 0, 0}, call.queries, keys);
      core.k = KeysOf(workspace, keys);
      core.v = ValuesOf(workspace, keys);
      FOVEA_RETURN_IF_BAD(Core::Run(core, workspace.attention));
      ProjectOutput(weights, call, b, workspace);
    }
    return Status::kOk;
  }

  // A step or chunk of a stream: projects x, appends its keys and values to
  // the cache, attends, projects the output.  Same bits as Run over the whole
  // stream.  Status as Attention::Step; on any error the cache is as it was.
  template <class AnyWorkspace>
  static Status Step(const Weights& weights, const Call& call,
                     KvCache<Config>& cache, AnyWorkspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckCall(weights, call, workspace));
    if (call.batch != 1 || kMemoryDim != kModelDim) {
      return Status::kUnsupported;
    }
    if (!IsAligned(&cache, alignof(KvCache<Config>))) {
      return Status::kMisaligned;
    }
    FOVEA_RETURN_IF_BAD(cache.CheckRoom(call.queries));
    FOVEA_RETURN_IF_BAD(
        CheckPositions(weights, cache.position(), call.queries));
    ProjectQueries(weights, call, 0, workspace);
    ProjectKeys(weights, call.x, 0, call.queries, workspace);
    typename Core::Call core = CoreCall(weights, call, workspace);
    core.k = KeysOf(workspace, call.queries);
    core.v = ValuesOf(workspace, call.queries);
    static_cast<CallOptions<R>&>(core) = call;
    FOVEA_RETURN_IF_BAD(Core::Step(core, cache, workspace.attention));
    ProjectOutput(weights, call, 0, workspace);
    return Status::kOk;
  }

  // Attends to the cache without appending: cross-attention to a memory whose
  // keys AppendMemory has cached.
  template <class AnyWorkspace>
  static Status Attend(const Weights& weights, const Call& call,
                       const KvCache<Config>& cache,
                       AnyWorkspace& workspace) noexcept {
    FOVEA_RETURN_IF_BAD(CheckCall(weights, call, workspace));
    if (call.batch != 1) return Status::kUnsupported;
    if (!IsAligned(&cache, alignof(KvCache<Config>))) {
      return Status::kMisaligned;
    }
    FOVEA_RETURN_IF_BAD(
        CheckPositions(weights, call.rotary_position, call.queries));
    if (cache.size() == 0) return Status::kZeroCount;
    ProjectQueries(weights, call, 0, workspace);
    typename Core::Call core = CoreCall(weights, call, workspace);
    SetPosition(call, core);
    static_cast<CallOptions<R>&>(core) = call;
    FOVEA_RETURN_IF_BAD(Core::Attend(core, cache, workspace.attention));
    ProjectOutput(weights, call, 0, workspace);
    return Status::kOk;
  }

  // Projects `tokens` rows of a memory [1][1][token][kMemoryDim] to keys and
  // values and appends them to the cache, kMaxQueries at a time.  On any error
  // the cache is as it was.
  template <class AnyWorkspace>
  static Status AppendMemory(const Weights& weights, View<const float> memory,
                             size_t tokens, KvCache<Config>& cache,
                             AnyWorkspace& workspace) noexcept {
    if (!IsAligned(&workspace, alignof(AnyWorkspace)) ||
        !IsAligned(&cache, alignof(KvCache<Config>))) {
      return Status::kMisaligned;
    }
    FOVEA_RETURN_IF_BAD(Check(weights));
    if (tokens == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(
        CheckView(memory, {1, 1, tokens, kMemoryDim}, Shares::kBatch));
    if (tokens > cache.capacity() - cache.size()) return Status::kCacheFull;
    FOVEA_RETURN_IF_BAD(CheckPositions(weights, cache.position(), tokens));
    for (size_t t = 0; t < tokens; t += R::kMaxQueries) {
      const size_t left = tokens - t;
      const size_t chunk = left < R::kMaxQueries ? left : R::kMaxQueries;
      View<const float> rows = memory;
      rows.data = memory.Row(0, 0, t);
      ProjectKeys(weights, rows, 0, chunk, workspace);
      FOVEA_RETURN_IF_BAD(AppendTo(cache, weights, KeysOf(workspace, chunk),
                                   ValuesOf(workspace, chunk), chunk));
    }
    return Status::kOk;
  }

  // Whether the calls above accept these weights.  kNullPointer, kMisaligned;
  // of int8 also kBadScale.
  static Status Check(const Weights& weights) noexcept {
    FOVEA_RETURN_IF_BAD(ToQueries::Check(weights.q));
    FOVEA_RETURN_IF_BAD(ToKeys::Check(weights.k));
    FOVEA_RETURN_IF_BAD(ToValues::Check(weights.v));
    return ToOutput::Check(weights.out);
  }

  // Whether they have the angles of these rotary positions; kOk without any.
  static Status CheckPositions(const Weights& weights, uint64_t position,
                               size_t tokens) noexcept {
    if constexpr (kRotary) {
      FOVEA_RETURN_IF_BAD(CheckArray(weights.rope));
      return weights.rope->Check(position, tokens);
    }
    return Status::kOk;
  }

 private:
  using ToQueries =
      typename Project::template Layer<kModelDim, kQueryRow, R::kMaxQueries>;
  using ToKeys =
      typename Project::template Layer<kMemoryDim, kKeyRow, kMaxProjected>;
  using ToValues =
      typename Project::template Layer<kMemoryDim, kValueRow, kMaxProjected>;
  using ToOutput =
      typename Project::template Layer<kOutputRow, kModelDim, R::kMaxQueries>;

  template <class AnyWorkspace>
  static Status CheckCall(const Weights& weights, const Call& call,
                          const AnyWorkspace& workspace) noexcept {
    if (!IsAligned(&workspace, alignof(AnyWorkspace))) {
      return Status::kMisaligned;
    }
    FOVEA_RETURN_IF_BAD(Check(weights));
    if (call.batch == 0) return Status::kZeroCount;
    FOVEA_RETURN_IF_BAD(CheckCount(call.queries, R::kMaxQueries));
    const Extent rows{call.batch, 1, call.queries, kModelDim};
    FOVEA_RETURN_IF_BAD(CheckView(call.x, rows, Shares::kBatch));
    FOVEA_RETURN_IF_BAD(CheckView(call.y, rows, Shares::kNothing));
    return IsFinite(call.scale) ? Status::kOk : Status::kBadScale;
  }

  template <class AnyWorkspace>
  static View<float> KeysOf(AnyWorkspace& w, size_t tokens) noexcept {
    return TokenMajor(w.k, R::kKvHeads, tokens, R::kHeadDim);
  }
  template <class AnyWorkspace>
  static View<float> ValuesOf(AnyWorkspace& w, size_t tokens) noexcept {
    return TokenMajor(w.v, R::kKvHeads, tokens, R::kValueDim);
  }

  static void Rotate(const Weights& weights, View<float> keys, size_t tokens,
                     uint64_t position) noexcept {
    if constexpr (kRotary) {
      weights.rope->Apply(keys, R::kKvHeads, tokens, position, R::kRotaryPairs);
    }
  }

  static Status AppendTo(KvCache<Config>& cache, const Weights& weights,
                         View<const float> k, View<const float> v,
                         size_t tokens) noexcept {
    if constexpr (kRotary) {
      return cache.AppendTurned(k, v, tokens, *weights.rope);
    } else {
      return cache.Append(k, v, tokens);
    }
  }

  template <class AnyWorkspace>
  static void ProjectQueries(const Weights& weights, const Call& call,
                             size_t batch, AnyWorkspace& w) noexcept {
    Project::template Apply<ToQueries>(weights.q, call.x.Row(batch, 0, 0),
                                       call.x.token_stride, call.queries, w.q,
                                       kQueryRow, w);
  }

  template <class AnyWorkspace>
  static void ProjectKeys(const Weights& weights, View<const float> memory,
                          size_t batch, size_t keys, AnyWorkspace& w) noexcept {
    const float* rows = memory.Row(batch, 0, 0);
    Project::template Apply<ToKeys>(weights.k, rows, memory.token_stride, keys,
                                    w.k, kKeyRow, w);
    Project::template Apply<ToValues>(weights.v, rows, memory.token_stride,
                                      keys, w.v, kValueRow, w);
  }

  template <class AnyWorkspace>
  static void ProjectOutput(const Weights& weights, const Call& call,
                            size_t batch, AnyWorkspace& w) noexcept {
    Project::template Apply<ToOutput>(weights.out, w.heads, kOutputRow,
                                      call.queries, call.y.Row(batch, 0, 0),
                                      call.y.token_stride, w);
  }

  template <class AnyWorkspace>
  static typename Core::Call CoreCall(const Weights& weights, const Call& call,
                                      AnyWorkspace& w) noexcept {
    typename Core::Call core;
    if constexpr (kRotary) core.rope = weights.rope;
    core.q = TokenMajor(w.q, R::kHeads, call.queries, R::kHeadDim);
    core.out = TokenMajor(w.heads, R::kHeads, call.queries, R::kValueDim);
    core.queries = call.queries;
    core.scale = call.scale;
    return core;
  }

  static void SetPosition(const Call& call,
                          typename Core::Call& core) noexcept {
    core.first_position = call.first_position;
    if constexpr (kRotary) {
      core.rotary_position =
          call.rotary_position - static_cast<uint64_t>(call.first_position);
    }
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_MULTI_HEAD_H_
