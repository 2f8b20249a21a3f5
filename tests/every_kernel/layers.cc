// SPDX-License-Identifier: Apache-2.0
#include "every_kernel.h"
#include "fovea/feed_forward.h"
#include "fovea/kv_cache.h"
#include "fovea/linear.h"
#include "fovea/multi_head.h"
#include "fovea/rms_norm.h"
#include "fovea/rope.h"
#include "fovea/softmax.h"
#include "fovea/softmax_accumulator.h"

namespace every_kernel {

struct Causal : fovea::MultiHeadConfig {
  static constexpr size_t kModelDim = 64, kHeads = 4, kKvHeads = 2;
  static constexpr size_t kHeadDim = 20, kRotaryDim = 16;
  static constexpr size_t kMaxQueries = 40, kMaxKeys = 100;
  static constexpr bool kCausal = true;
};
using MultiHead = fovea::MultiHeadAttention<Causal>;
using FullAttention = fovea::Attention<Full>;
using Block = fovea::FeedForward<64, 128, 40>;
using Norm = fovea::RmsNorm<64>;
using Accumulator = fovea::SoftmaxAccumulator<20>;

struct LayerMemory {
  fovea::KvCache<Causal> cache;
  fovea::KvCache<Full> full_cache;
  MultiHead::Workspace multi_head;
  FullAttention::Workspace full;
  Block::Workspace block;
  Accumulator accumulator[2];
  fovea::RopeTable<Causal::kRotaryDim, 8> angles;
};

fovea::Status LinkLayers(const MultiHead::Weights& weights,
                         const MultiHead::Call& call,
                         const FullAttention::Call& full_call, float* x,
                         const Block::Weights& block, LayerMemory& m) {
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
