// SPDX-License-Identifier: Apache-2.0
// Stacks of kLayers layers on one workspace ("Attention Is All You Need", arXiv
// 1706.03762), as torch.nn.TransformerEncoder, TransformerDecoder and, one
// after the other, torch.nn.Transformer, in inference.
#ifndef FOVEA_TRANSFORMER_H_
#define FOVEA_TRANSFORMER_H_

#include <cstddef>

#include "fovea/call_options.h"
#include "fovea/check.h"
#include "fovea/decoder_layer.h"
#include "fovea/encoder_layer.h"
#include "fovea/status.h"
#include "fovea/target.h"
#include "fovea/transformer_config.h"
#include "fovea/view.h"

namespace fovea {
inline namespace FOVEA_TARGET_NAMESPACE {

// What a stack is made of: the weights of each layer, and the norm of what the
// last one gives; without a weight there is none.
template <class Layer>
struct StackWeights {
  const typename Layer::Weights* layers = nullptr;  // [kLayers]
  NormWeights norm;
};

// What both stacks share.
template <class Config, class Layer>
class Stack {
 public:
  static constexpr size_t kLayers = Config::kLayers;
  static_assert(kLayers > 0, "a stack has at least one layer");

 protected:
  using Weights = StackWeights<Layer>;
  using Call = typename Layer::Call;
  using FinalNorm = Norm<Config::kNorm, Config::kModelDim>;

  // check(layer) of every layer, and the norm.
  template <class CheckLayer>
  static Status CheckAll(const Weights& weights,
                         const CheckLayer& check) noexcept {
    FOVEA_RETURN_IF_BAD(CheckArray(weights.layers));
    if (weights.norm.weight != nullptr) {
      FOVEA_RETURN_IF_BAD(FinalNorm::Check(weights.norm));
    }
    for (size_t layer = 0; layer < kLayers; ++layer) {
      FOVEA_RETURN_IF_BAD(check(layer));
    }
    return Status::kOk;
  }

  // Checks every layer before the first one writes, applies them in order, and
  // the norm.
  template <class CheckLayer, class ApplyLayer>
  static Status ApplyAll(const Weights& weights, const Call& call,
                         const CheckLayer& check,
                         const ApplyLayer& apply) noexcept {
    FOVEA_RETURN_IF_BAD(CheckAll(weights, check));
    for (size_t layer = 0; layer < kLayers; ++layer) {
      FOVEA_RETURN_IF_BAD(apply(layer));
    }
    Finish(weights, call);
    return Status::kOk;
  }

  // The first layer reads x, the others what the one before wrote to y; what a
  // call asks for beside y is [layer][batch]...
  static Call CallOfLayer(const Call& call, size_t layer,
                          size_t keys) noexcept {
    Call part = call;
    if (layer > 0) part.x = call.y;
    const size_t rows = layer * call.batch * Config::kHeads * call.tokens;
    static_cast<void>(rows);
    static_cast<void>(keys);
    if constexpr (Config::kLse) {
      if (part.lse) part.lse += rows;
    }
    if constexpr (Config::kWeights) {
      if (part.weights) part.weights += rows * keys;
    }
    if constexpr (Config::kScores != ScoreStage::kNone) {
      if (part.scores) part.scores += rows * keys;
    }
    return part;
  }

  static void Finish(const Weights& weights, const Call& call) noexcept {
    if (weights.norm.weight == nullptr) return;
    for (size_t b = 0; b < call.batch; ++b) {
      float* y = call.y.Row(b, 0, 0);
      FinalNorm::Apply(weights.norm, y, call.y.token_stride, call.tokens, y,
                       call.y.token_stride);
    }
  }
};

// Config: as EncoderLayer's.
template <class Config>
class TransformerEncoder : Stack<Config, EncoderLayer<Config>> {
  using Base = Stack<Config, EncoderLayer<Config>>;

 public:
  using Layer = EncoderLayer<Config>;
  using Weights = StackWeights<Layer>;
  using Workspace = typename Layer::Workspace;
  using StepWorkspace = typename Layer::StepWorkspace;
  using Cache = typename Layer::Cache;
  using Call = typename Layer::Call;
  using Base::kLayers;

  // All layers over whole sequences.  Call is one layer's; lse, weights and
  // scores are then [layer][batch][head][token]...  Status as
  // EncoderLayer::Run, and kNullPointer without layers.
  static Status Run(const Weights& weights, const Call& call,
                    Workspace& workspace) noexcept {
    const auto check = [&](size_t l) {
      return Layer::CheckRun(weights.layers[l], call, workspace);
    };
    const auto apply = [&](size_t l) {
      return Layer::ApplyRun(weights.layers[l],
                             Base::CallOfLayer(call, l, call.tokens),
                             workspace);
    };
    return Base::ApplyAll(weights, call, check, apply);
  }

  // A step or chunk of a stream: same bits as Run over the whole stream.
  //   caches  [kLayers], which have seen the same tokens
  // Status as EncoderLayer::Step; on any error the caches are as they were.
  template <class AnyWorkspace>
  static Status Step(const Weights& weights, const Call& call, Cache* caches,
                     AnyWorkspace& workspace) noexcept {
    if (caches == nullptr) return Status::kNullPointer;
    const auto check = [&](size_t l) {
      return Layer::CheckStep(weights.layers[l], call, caches[l], workspace);
    };
    const auto apply = [&](size_t l) {
      const size_t keys = caches[l].size() + call.tokens;
      return Layer::ApplyStep(weights.layers[l],
                              Base::CallOfLayer(call, l, keys), caches[l],
                              workspace);
    };
    return Base::ApplyAll(weights, call, check, apply);
  }
};

// Config: as DecoderLayer's.
template <class Config>
class TransformerDecoder : Stack<Config, DecoderLayer<Config>> {
  using Base = Stack<Config, DecoderLayer<Config>>;

 public:
  using Layer = DecoderLayer<Config>;
  using Weights = StackWeights<Layer>;
  using Workspace = typename Layer::Workspace;
  using StepWorkspace = typename Layer::StepWorkspace;
  using Cache = typename Layer::Cache;
  using MemoryCache = typename Layer::MemoryCache;
  using Call = typename Layer::Call;
  using Base::kLayers;

  // All layers over whole sequences.  Call is one layer's; lse, weights, scores
  // and memory_weights are then [layer][batch][head][token]...  Status as
  // DecoderLayer::Run, and kNullPointer without layers.
  static Status Run(const Weights& weights, const Call& call,
                    Workspace& workspace) noexcept {
    const auto check = [&](size_t l) {
      return Layer::CheckRun(weights.layers[l], call, workspace);
    };
    const auto apply = [&](size_t l) {
      return Layer::ApplyRun(
          weights.layers[l],
          CallOfLayer(call, l, call.tokens, call.memory_tokens), workspace);
    };
    return Base::ApplyAll(weights, call, check, apply);
  }

  // A step or chunk of a stream: same bits as Run over the whole stream.
  //   caches    [kLayers], which have seen the same tokens
  //   memories  [kLayers], filled by CacheMemory
  // Status as DecoderLayer::Step; on any error the caches are as they were.
  template <class AnyWorkspace>
  static Status Step(const Weights& weights, const Call& call, Cache* caches,
                     const MemoryCache* memories,
                     AnyWorkspace& workspace) noexcept {
    if (caches == nullptr || memories == nullptr) return Status::kNullPointer;
    const auto check = [&](size_t l) {
      return Layer::CheckStep(weights.layers[l], call, caches[l], memories[l],
                              workspace);
    };
    const auto apply = [&](size_t l) {
      const size_t keys = caches[l].size() + call.tokens;
      return Layer::ApplyStep(weights.layers[l],
                              CallOfLayer(call, l, keys, memories[l].size()),
                              caches[l], memories[l], workspace);
    };
    return Base::ApplyAll(weights, call, check, apply);
  }

  // Computes every layer's keys and values of a memory
  // [1][1][token][kMemoryDim] and appends them to memories [kLayers].  Status
  // as MultiHeadAttention::AppendMemory; on any error the caches are as they
  // were.
  template <class AnyWorkspace>
  static Status CacheMemory(const Weights& weights, View<const float> memory,
                            size_t tokens, MemoryCache* memories,
                            AnyWorkspace& workspace) noexcept {
    if (memories == nullptr) return Status::kNullPointer;
    const auto check = [&](size_t l) -> Status {
      FOVEA_RETURN_IF_BAD(Layer::Check(weights.layers[l]));
      if (!IsAligned(memories + l, alignof(MemoryCache))) {
        return Status::kMisaligned;
      }
      const bool fits = tokens <= memories[l].capacity() - memories[l].size();
      return fits ? Status::kOk : Status::kCacheFull;
    };
    FOVEA_RETURN_IF_BAD(Base::CheckAll(weights, check));
    for (size_t l = 0; l < kLayers; ++l) {
      FOVEA_RETURN_IF_BAD(Layer::CacheMemory(weights.layers[l], memory, tokens,
                                             memories[l], workspace));
    }
    return Status::kOk;
  }

 private:
  static Call CallOfLayer(const Call& call, size_t layer, size_t keys,
                          size_t memory_tokens) noexcept {
    Call part = Base::CallOfLayer(call, layer, keys);
    static_cast<void>(memory_tokens);
    if constexpr (Config::kWeights) {
      const size_t rows = layer * call.batch * Config::kHeads * call.tokens;
      if (part.memory_weights) part.memory_weights += rows * memory_tokens;
    }
    return part;
  }
};

}  // namespace FOVEA_TARGET_NAMESPACE
}  // namespace fovea

#endif  // FOVEA_TRANSFORMER_H_
