// SPDX-License-Identifier: Apache-2.0
// A block mask gives the bits of the boolean mask that says the same of every
// key, in every way to call; what it hides is not read; and bad input.
#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "tests/golden/block_mask_tensors.h"
#include "tests/golden/golden.h"
#include "tests/golden/poison.h"

namespace fovea {
namespace {

constexpr size_t kHeadsOfAll = 4, kKvHeadsOfAll = 2, kDim = 20;
constexpr size_t kTokens = 230;  // three blocks and a bit
constexpr size_t kBlocks = MaskBlocks(kTokens);
constexpr size_t kBatch = 2;

template <MaskKind mask, bool causal, class ElementArg = float>
struct Config : AttentionConfig {
  using CacheElement = ElementArg;  // the base's Element would hide one
  static constexpr size_t kHeads = kHeadsOfAll, kKvHeads = kKvHeadsOfAll;
  static constexpr size_t kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr MaskKind kMask = mask;
  static constexpr bool kCausal = causal, kLse = true;
};

struct Tensors : golden::BlockMaskTensors {
  Tensors()
      : BlockMaskTensors({kBatch, kHeadsOfAll, kKvHeadsOfAll, kTokens, kDim}) {}

  template <class Attention>
  typename Attention::Call Call() {
    typename Attention::Call call;
    call.q = HeadMajor<const float>(q.data(), kHeadsOfAll, kTokens, kDim);
    call.k = HeadMajor<const float>(k.data(), kKvHeadsOfAll, kTokens, kDim);
    call.v = HeadMajor<const float>(v.data(), kKvHeadsOfAll, kTokens, kDim);
    call.out = HeadMajor(out.data(), kHeadsOfAll, kTokens, kDim);
    call.batch = kBatch;
    call.queries = call.keys = kTokens;
    call.lse = lse.data();
    SetMask(call);
    return call;
  }

 private:
  void SetMask(options::Mask<MaskKind::kNone>&) {}
  void SetMask(options::Mask<MaskKind::kBlock>& call) {
    call.block_mask =
        HeadMajor<const uint8_t>(blocks.data(), kHeadsOfAll, kBlocks, kBlocks);
  }
  void SetMask(options::Mask<MaskKind::kAny>& call) {
    SetMask(static_cast<options::Mask<MaskKind::kBlock>&>(call));
  }
  void SetMask(options::Mask<MaskKind::kBoolean>& call) {
    call.mask =
        HeadMajor<const uint8_t>(mask.data(), kHeadsOfAll, kTokens, kTokens);
  }
};

template <bool causal>
void RunGivesTheBitsOfTheBooleanMask() {
  using Sparse = Attention<Config<MaskKind::kBlock, causal>>;
  using Dense = Attention<Config<MaskKind::kBoolean, causal>>;
  Tensors sparse, dense;
  const auto sparse_room = golden::MakePoisoned<typename Sparse::Workspace>();
  const auto dense_room = golden::MakePoisoned<typename Dense::Workspace>();
  ASSERT_EQ(Sparse::Run(sparse.Call<Sparse>(), *sparse_room), Status::kOk);
  ASSERT_EQ(Dense::Run(dense.Call<Dense>(), *dense_room), Status::kOk);
  ExpectSame(sparse, dense);

  // In shares of several workers.
  for (const size_t parts : {2, 5, 13}) {
    Tensors shared;
    for (size_t part = 0; part < parts; ++part) {
      ASSERT_EQ(Sparse::Run(shared.Call<Sparse>(), *sparse_room, part, parts),
                Status::kOk);
    }
    ExpectSame(shared, dense);
  }
}

TEST(BlockMask, RunGivesTheBitsOfTheBooleanMask) {
  RunGivesTheBitsOfTheBooleanMask<false>();
  RunGivesTheBitsOfTheBooleanMask<true>();
}

template <class Element>
void CacheGivesTheBitsOfTheBooleanMask() {
  using SparseConfig = Config<MaskKind::kBlock, true, Element>;
  using DenseConfig = Config<MaskKind::kBoolean, true, Element>;
  using Sparse = Attention<SparseConfig>;
  using Dense = Attention<DenseConfig>;
  Tensors sparse, dense;
  auto sparse_call = sparse.Call<Sparse>();
  auto dense_call = dense.Call<Dense>();
  sparse_call.batch = dense_call.batch = 1;
  const auto sparse_room = golden::MakePoisoned<typename Sparse::Workspace>();
  const auto dense_room = golden::MakePoisoned<typename Dense::Workspace>();
  const auto sparse_cache = golden::MakePoisoned<KvCache<SparseConfig>>();
  const auto dense_cache = golden::MakePoisoned<KvCache<DenseConfig>>();
  sparse_cache->Clear();
  dense_cache->Clear();
  ASSERT_EQ(Sparse::Step(sparse_call, *sparse_cache, *sparse_room),
            Status::kOk);
  ASSERT_EQ(Dense::Step(dense_call, *dense_cache, *dense_room), Status::kOk);
  ExpectSame(sparse, dense);

  // One token at a time, each with the block of queries that it stands in.
  Tensors steps;
  for (size_t t = 0; t < kTokens; ++t) {
    auto call = steps.Call<Sparse>();
    call.batch = call.queries = 1;
    call.q.data += t * kDim;
    call.out.data += t * kDim;
    call.block_mask.data += t / kMaskBlock * kBlocks;
    std::vector<float> lse(kHeadsOfAll);
    call.lse = lse.data();
    call.first_position = static_cast<int64_t>(t);
    ASSERT_EQ(Sparse::Attend(call, *sparse_cache, *sparse_room), Status::kOk);
    for (size_t h = 0; h < kHeadsOfAll; ++h)
      steps.lse[h * kTokens + t] = lse[h];
  }
  ExpectSame(steps, dense);
}

TEST(BlockMask, ACacheGivesTheBitsOfTheBooleanMask) {
  CacheGivesTheBitsOfTheBooleanMask<float>();
  CacheGivesTheBitsOfTheBooleanMask<int8_t>();
}

using Sparse = Attention<Config<MaskKind::kBlock, false>>;
using Any = Attention<Config<MaskKind::kAny, false>>;

TEST(BlockMask, JoinsABooleanMask) {
  using Dense = Attention<Config<MaskKind::kBoolean, false>>;
  Tensors any, dense;
  const golden::Stream stream(11, 10);
  std::vector<uint8_t> some(any.mask.size());
  for (size_t i = 0; i < some.size(); ++i) some[i] = stream[i] > -1;
  for (size_t i = 0; i < some.size(); ++i) dense.mask[i] &= some[i] * 255;
  auto call = any.Call<Any>();
  call.mask =
      HeadMajor<const uint8_t>(some.data(), kHeadsOfAll, kTokens, kTokens);
  const auto room = golden::MakePoisoned<Any::Workspace>();
  ASSERT_EQ(Any::Run(call, *room), Status::kOk);
  const auto dense_room = golden::MakePoisoned<Dense::Workspace>();
  ASSERT_EQ(Dense::Run(dense.Call<Dense>(), *dense_room), Status::kOk);
  ExpectSame(any, dense);
  // Either of them alone, in the same kernel.
  Tensors columns, blocks, sparse;
  call = columns.Call<Any>();
  call.mask = HeadMajor<const uint8_t>(dense.mask.data(), kHeadsOfAll, kTokens,
                                       kTokens);
  call.block_mask = {};
  ASSERT_EQ(Any::Run(call, *room), Status::kOk);
  ExpectSame(columns, dense);
  ASSERT_EQ(Any::Run(blocks.Call<Any>(), *room), Status::kOk);
  const auto sparse_room = golden::MakePoisoned<Sparse::Workspace>();
  ASSERT_EQ(Sparse::Run(sparse.Call<Sparse>(), *sparse_room), Status::kOk);
  ExpectSame(blocks, sparse);
}

TEST(BlockMask, WhatItHidesIsNotRead) {
  Tensors clean, poisoned;
  const auto room = golden::MakePoisoned<Sparse::Workspace>();
  const auto call_of = [](Tensors& t) {
    std::fill(t.blocks.begin(), t.blocks.end(), uint8_t{1});
    for (size_t i = 1; i < t.blocks.size(); i += kBlocks) t.blocks[i] = 0;
    return t.Call<Sparse>();
  };
  for (size_t i = 0; i < poisoned.k.size(); ++i) {
    if (i / kDim % kTokens / kMaskBlock != 1) continue;
    poisoned.k[i] = std::numeric_limits<float>::quiet_NaN();
    poisoned.v[i] = std::numeric_limits<float>::infinity();
  }
  ASSERT_EQ(Sparse::Run(call_of(clean), *room), Status::kOk);
  ASSERT_EQ(Sparse::Run(call_of(poisoned), *room), Status::kOk);
  ExpectSame(poisoned, clean);
}

TEST(BlockMask, MayBeSharedShortOrMissing) {
  const auto room = golden::MakePoisoned<Sparse::Workspace>();
  // One for all heads and blocks of queries: the first and third block of keys.
  const uint8_t row[kBlocks] = {1, 0, 1, 0};
  Tensors shared, spelt;
  auto call = shared.Call<Sparse>();
  call.block_mask = {row, 0, 0, 0};
  ASSERT_EQ(Sparse::Run(call, *room), Status::kOk);
  for (size_t i = 0; i < spelt.blocks.size(); ++i) {
    spelt.blocks[i] = row[i % kBlocks];
  }
  ASSERT_EQ(Sparse::Run(spelt.Call<Sparse>(), *room), Status::kOk);
  ExpectSame(shared, spelt);
  // What is beyond the mask is hidden.
  Tensors shorter;
  call = shorter.Call<Sparse>();
  const uint8_t longer_row[kBlocks] = {1, 0, 1, 1};
  call.block_mask = {longer_row, 0, 0, 0};
  call.mask_blocks = 3;
  ASSERT_EQ(Sparse::Run(call, *room), Status::kOk);
  ExpectSame(shorter, spelt);
  // No mask hides nothing.
  using Plain = Attention<Config<MaskKind::kNone, false>>;
  Tensors none, plain;
  call = none.Call<Sparse>();
  call.block_mask = {};
  ASSERT_EQ(Sparse::Run(call, *room), Status::kOk);
  const auto plain_room = golden::MakePoisoned<Plain::Workspace>();
  ASSERT_EQ(Plain::Run(plain.Call<Plain>(), *plain_room), Status::kOk);
  ExpectSame(none, plain);
}

TEST(BlockMask, BadInputWritesNothing) {
  const auto room = golden::MakePoisoned<Sparse::Workspace>();
  Tensors t;
  auto call = t.Call<Sparse>();
  call.mask_blocks = kBlocks + 1;
  EXPECT_EQ(Sparse::Run(call, *room), Status::kTooManyTokens);
  call = t.Call<Sparse>();
  call.block_mask.token_stride = kBlocks - 1;
  EXPECT_EQ(Sparse::Run(call, *room), Status::kBadStride);
  EXPECT_EQ(t.out, std::vector<float>(t.out.size(), golden::kUntouched));
  EXPECT_EQ(t.lse, std::vector<float>(t.lse.size(), golden::kUntouched));
}

}  // namespace
}  // namespace fovea
