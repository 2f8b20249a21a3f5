// SPDX-License-Identifier: Apache-2.0
// A block mask through the C interface gives the bits of the boolean mask that
// says the same of every key, on every target that this CPU can run, whatever
// else the call has; what it hides is not computed; and bad input.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <cmath>
#include <vector>

#include "fovea/config.h"
#include "fovea/fovea.h"
#include "fovea/view.h"
#include "tests/golden/block_mask_tensors.h"
#include "tests/golden/c_call.h"
#include "tests/golden/every_target.h"
#include "tests/golden/golden.h"
#include "tests/golden/weights.h"

namespace fovea {
namespace {

using golden::Buffer;
using golden::CCache;
using golden::ExpectSame;
using golden::kUntouched;

constexpr size_t kBatch = 2, kHeads = 4, kTokens = 150, kDim = 16;
constexpr size_t kBlocks = MaskBlocks(kTokens);
constexpr uint64_t kSeed = golden::kBlockMaskSeed;

struct Tensors : golden::BlockMaskTensors {
  explicit Tensors(size_t kv_heads_arg)
      : BlockMaskTensors({kBatch, kHeads, kv_heads_arg, kTokens, kDim}),
        kv_heads(kv_heads_arg) {}

  fovea_attention Call() {
    const auto input = [](const std::vector<float>& data, size_t heads) {
      return golden::InputOf(HeadMajor(data.data(), heads, kTokens, kDim));
    };
    fovea_attention call = {};
    call.struct_bytes = sizeof(call);
    call.batch = kBatch, call.heads = kHeads, call.kv_heads = kv_heads;
    call.head_dim = call.value_dim = kDim;
    call.queries = call.keys = kTokens;
    call.q = input(q, kHeads);
    call.k = input(k, kv_heads), call.v = input(v, kv_heads);
    call.out = golden::OutputOf(HeadMajor(out.data(), kHeads, kTokens, kDim));
    call.lse = lse.data();
    return call;
  }
  void SetBlocks(fovea_attention& call) const {
    call.block_mask =
        golden::MaskOf(HeadMajor(blocks.data(), kHeads, kBlocks, kBlocks));
  }
  void SetMask(const std::vector<uint8_t>& of, fovea_attention& call) const {
    call.mask = golden::MaskOf(HeadMajor(of.data(), kHeads, kTokens, kTokens));
  }

  size_t kv_heads;
};

fovea_status RunCall(fovea_attention call) {
  const Buffer room(fovea_attention_run_workspace_bytes(&call));
  call.workspace = room.get(), call.workspace_bytes = room.bytes();
  return fovea_attention_run(&call);
}

// Each group of heads, arithmetic and span with both masks.
template <class Body>
void ForEachKind(const Body& body) {
  const fovea_arithmetic* const arithmetics[] = {nullptr, fovea_int8_scores(),
                                                 fovea_int8()};
  golden::ForEachTarget([&] {
    for (const size_t kv_heads : {2, 4}) {
      for (size_t i = 0; i < 3; ++i) {
        for (const int32_t causal : {0, 1}) {
          SCOPED_TRACE(testing::Message() << kv_heads << " kv heads, arithmetic"
                                          << i << ", causal " << causal);
          Tensors sparse(kv_heads), dense(kv_heads);
          fovea_attention a = sparse.Call(), b = dense.Call();
          sparse.SetBlocks(a);
          dense.SetMask(dense.mask, b);
          a.arithmetic = b.arithmetic = arithmetics[i];
          a.causal = b.causal = causal;
          body(a, sparse, b, dense);
        }
      }
    }
  });
}

TEST(CBlockMask, RunGivesTheBitsOfTheBooleanMask) {
  ForEachKind([](fovea_attention sparse_call, Tensors& sparse,
                 const fovea_attention& dense_call, Tensors& dense) {
    ASSERT_EQ(RunCall(dense_call), FOVEA_OK);
    ASSERT_EQ(RunCall(sparse_call), FOVEA_OK);
    ExpectSame(sparse, dense);
    sparse.out.assign(sparse.out.size(), kUntouched);
    sparse_call.parts = 3;
    for (sparse_call.part = 0; sparse_call.part < 3; ++sparse_call.part) {
      ASSERT_EQ(RunCall(sparse_call), FOVEA_OK);
    }
    ExpectSame(sparse, dense);
  });
}

TEST(CBlockMask, WeightsAndScoresToo) {
  for (const fovea_score_stage stage :
       {FOVEA_SCORES_SCALED, FOVEA_SCORES_MASKED}) {
    ForEachKind([&](fovea_attention sparse_call, Tensors& sparse,
                    fovea_attention dense_call, Tensors& dense) {
      std::vector<float> matrices[4];
      for (auto& matrix : matrices) {
        matrix.assign(kBatch * kHeads * kTokens * kTokens, kUntouched);
      }
      sparse_call.weights = matrices[0].data();
      sparse_call.scores = matrices[1].data();
      dense_call.weights = matrices[2].data();
      dense_call.scores = matrices[3].data();
      sparse_call.score_stage = dense_call.score_stage = stage;
      ASSERT_EQ(RunCall(dense_call), FOVEA_OK);
      ASSERT_EQ(RunCall(sparse_call), FOVEA_OK);
      ExpectSame(sparse, dense);
      ExpectSame(matrices[0], matrices[2]);
      ExpectSame(matrices[1], matrices[3]);
    });
  }
}

TEST(CBlockMask, JoinsTheOtherMasks) {
  ForEachKind([](fovea_attention sparse_call, Tensors& sparse,
                 fovea_attention dense_call, Tensors& dense) {
    const golden::Stream stream(kSeed, 10);
    std::vector<uint8_t> some(sparse.mask.size()), both(some.size());
    for (size_t i = 0; i < some.size(); ++i) {
      some[i] = stream[i] > -1;
      both[i] = some[i] != 0 && sparse.mask[i] != 0;
    }
    const std::vector<float> bias = golden::Values(kSeed, 11, kTokens);
    sparse.SetMask(some, sparse_call);
    dense.SetMask(both, dense_call);
    sparse_call.bias = dense_call.bias = {bias.data(), 0, 0, 0};
    sparse_call.window = dense_call.window = 90;
    sparse_call.sinks = dense_call.sinks = 3;
    ASSERT_EQ(RunCall(dense_call), FOVEA_OK);
    ASSERT_EQ(RunCall(sparse_call), FOVEA_OK);
    ExpectSame(sparse, dense);
  });
}

// Of one entry of the batch.
void SetEntry(size_t entry, fovea_attention& call) {
  const auto move = [&](auto& tensor) {
    tensor.data += entry * tensor.batch_stride;
  };
  move(call.q), move(call.k), move(call.v), move(call.out);
  move(call.block_mask);
  call.lse += entry * kHeads * kTokens;
  call.batch = 1;
}

fovea_status StepCaches(const fovea_attention& of, fovea_element element) {
  fovea_attention call = of;
  CCache caches[] = {{of, kTokens, element}, {of, kTokens, element}};
  fovea_cache* streams[] = {caches[0].cache, caches[1].cache};
  const Buffer room(fovea_cache_workspace_bytes(streams[0]));
  call.workspace = room.get(), call.workspace_bytes = room.bytes();
  return fovea_cache_step_streams(streams, &call);
}

TEST(CBlockMask, StreamsGiveTheBitsOfTheBooleanMask) {
  golden::ForEachTarget([] {
    for (const fovea_element element :
         {FOVEA_FLOAT32, FOVEA_BFLOAT16, FOVEA_INT8}) {
      Tensors sparse(2), dense(2);
      fovea_attention sparse_call = sparse.Call(), dense_call = dense.Call();
      sparse.SetBlocks(sparse_call);
      dense.SetMask(dense.mask, dense_call);
      sparse_call.causal = dense_call.causal = 1;
      ASSERT_EQ(StepCaches(dense_call, element), FOVEA_OK);
      ASSERT_EQ(StepCaches(sparse_call, element), FOVEA_OK);
      ExpectSame(sparse, dense);
    }
  });
}

// One query at a time, each with the row of blocks that it stands in.
TEST(CBlockMask, StepsGiveTheBitsOfOneCall) {
  Tensors steps(2), once(2);
  fovea_attention call = once.Call();
  once.SetBlocks(call);
  call.causal = 1;
  ASSERT_EQ(RunCall(call), FOVEA_OK);
  call = steps.Call();
  steps.SetBlocks(call);
  call.causal = 1;
  for (size_t b = 0; b < kBatch; ++b) {
    fovea_attention entry = call;
    SetEntry(b, entry);
    CCache cache(entry, kTokens, FOVEA_FLOAT32);
    const Buffer room(fovea_cache_workspace_bytes(cache.cache));
    entry.workspace = room.get(), entry.workspace_bytes = room.bytes();
    float lse[kHeads];
    entry.queries = 1, entry.lse = lse;
    for (size_t t = 0; t < kTokens; ++t) {
      fovea_attention step = entry;
      step.q.data += t * kDim, step.out.data += t * kDim;
      step.k.data += t * kDim, step.v.data += t * kDim;
      step.block_mask.data += t / kMaskBlock * kBlocks;
      ASSERT_EQ(fovea_cache_step(cache.cache, &step), FOVEA_OK);
      for (size_t h = 0; h < kHeads; ++h) {
        steps.lse[(b * kHeads + h) * kTokens + t] = lse[h];
      }
    }
  }
  ExpectSame(steps, once);
}

TEST(CBlockMask, PartialsGiveTheBitsOfTheBooleanMask) {
  Tensors sparse(2), dense(2);
  fovea_attention sparse_call = sparse.Call(), dense_call = dense.Call();
  sparse.SetBlocks(sparse_call);
  dense.SetMask(dense.mask, dense_call);
  const size_t rows = kBatch * kHeads * kTokens;
  std::vector<float> numerators[2];
  for (size_t which = 0; which < 2; ++which) {
    fovea_attention& call = which == 0 ? sparse_call : dense_call;
    const Buffer room(fovea_attention_run_workspace_bytes(&call));
    call.workspace = room.get(), call.workspace_bytes = room.bytes();
    numerators[which].resize(2 * rows * kDim);
    std::vector<float> sums(4 * rows);
    fovea_partial partials[2];
    for (size_t i = 0; i < 2; ++i) {
      partials[i] = {
          sizeof(fovea_partial),
          {&numerators[which][i * rows * kDim], call.out.batch_stride,
           call.out.head_stride, call.out.token_stride},
          &sums[2 * i * rows],
          &sums[(2 * i + 1) * rows]};
      ASSERT_EQ(fovea_attention_run_partial(&call, i * 70, i == 0 ? 70 : 150,
                                            &partials[i]),
                FOVEA_OK);
    }
    ASSERT_EQ(fovea_attention_merge(&call, partials, 2), FOVEA_OK);
  }
  ExpectSame(numerators[0], numerators[1]);
  ExpectSame(sparse, dense);
}

TEST(CBlockMask, AModuleTakesItToo) {
  constexpr size_t kWidth = kHeads * kDim;
  const std::vector<float> weight =
      golden::Values(kSeed, 3, kWidth * kWidth, 0.25f);
  std::vector<float> packed(fovea_linear_packed_floats(kWidth, kWidth));
  ASSERT_EQ(fovea_linear_pack(weight.data(), kWidth, kWidth, packed.data()),
            FOVEA_OK);
  Tensors sparse(kHeads), dense(kHeads);
  fovea_attention attentions[] = {sparse.Call(), dense.Call()};
  sparse.SetBlocks(attentions[0]);
  dense.SetMask(dense.mask, attentions[1]);
  for (size_t i = 0; i < 2; ++i) {
    Tensors& tensors = i == 0 ? sparse : dense;
    fovea_multi_head call = {};
    call.struct_bytes = sizeof(call);
    call.attention = &attentions[i];
    call.model_dim = kWidth;
    call.x = {tensors.q.data(), kTokens * kWidth, 0, kWidth};
    call.y = {tensors.out.data(), kTokens * kWidth, 0, kWidth};
    call.q = call.k = call.v = call.out = {packed.data(), nullptr};
    const Buffer room(fovea_multi_head_workspace_bytes(&call));
    call.workspace = room.get(), call.workspace_bytes = room.bytes();
    ASSERT_EQ(fovea_multi_head_run(&call), FOVEA_OK);
  }
  ExpectSame(sparse, dense);
}

TEST(CBlockMask, WhatItHidesIsNotComputed) {
  for (const size_t kv_heads : {2, 4}) {
    Tensors clean(kv_heads), poisoned(kv_heads);
    for (size_t i = 0; i < poisoned.k.size(); ++i) {
      if (i / kDim % kTokens / kMaskBlock != 1) continue;
      poisoned.k[i] = NAN;
      poisoned.v[i] = INFINITY;
    }
    const uint8_t row[kBlocks] = {1, 0, 1};  // of all heads and queries
    for (Tensors* tensors : {&clean, &poisoned}) {
      fovea_attention call = tensors->Call();
      call.block_mask = {row, 0, 0, 0};
      ASSERT_EQ(RunCall(call), FOVEA_OK);
    }
    ExpectSame(poisoned, clean);
  }
}

TEST(CBlockMask, KeysBeyondItAreHidden) {
  Tensors shorter(2), spelt(2);
  const uint8_t ones[] = {1, 1}, row[kBlocks] = {1, 1, 0};
  fovea_attention call = shorter.Call();
  call.block_mask = {ones, 0, 0, 0}, call.mask_blocks = 2;
  ASSERT_EQ(RunCall(call), FOVEA_OK);
  call = spelt.Call();
  call.block_mask = {row, 0, 0, 0};
  ASSERT_EQ(RunCall(call), FOVEA_OK);
  ExpectSame(shorter, spelt);
}

TEST(CBlockMask, BadInputWritesNothing) {
  Tensors t(2);
  fovea_attention call = t.Call();
  t.SetBlocks(call);
  call.mask_blocks = kBlocks + 1;
  EXPECT_EQ(RunCall(call), FOVEA_TOO_MANY_TOKENS);
  call.mask_blocks = 0;
  for (const size_t stride : {kBlocks - 1, SIZE_MAX / 2}) {
    call.block_mask.token_stride = stride;
    EXPECT_EQ(RunCall(call), FOVEA_BAD_STRIDE);
  }
  // The keys of a ring have no end.
  t.SetBlocks(call);
  call.batch = 1, call.causal = 1, call.window = 64;
  fovea_cache_shape shape = CCache::ShapeOf(call, 1, FOVEA_FLOAT32);
  shape.window = call.window;
  const CCache ring(shape);
  ASSERT_EQ(ring.status, FOVEA_OK);
  const Buffer room(fovea_cache_workspace_bytes(ring.cache));
  call.workspace = room.get(), call.workspace_bytes = room.bytes();
  EXPECT_EQ(fovea_cache_step(ring.cache, &call), FOVEA_UNSUPPORTED);
  EXPECT_EQ(fovea_cache_size(ring.cache), 0u);
  EXPECT_EQ(t.out, std::vector<float>(t.out.size(), kUntouched));
  EXPECT_EQ(t.lse, std::vector<float>(t.lse.size(), kUntouched));
}

}  // namespace
}  // namespace fovea
