// SPDX-License-Identifier: Apache-2.0
// The cache's bookkeeping, and what it does with bad input.  That it gives a
// prefill's bits is tested in attention_golden_test.cc.
#include "fovea/kv_cache.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "fovea/attention.h"
#include "misaligned.h"

namespace {

using fovea::Status;

struct Small : fovea::AttentionConfig {
  static constexpr size_t kHeads = 2, kKvHeads = 1, kHeadDim = 4;
  static constexpr size_t kValueDim = 3;
  static constexpr size_t kMaxQueries = 8, kMaxKeys = 21;
  static constexpr bool kCausal = true;
};
using Cache = fovea::KvCache<Small>;
using Attention = fovea::Attention<Small>;

static_assert(std::is_trivially_default_constructible<Cache>::value,
              "a cache can be placed in any section");
static_assert(std::is_trivially_copyable<Cache>::value,
              "a cache can be copied as bytes");

// Row t is (100 t, 100 t + 1, ...).
std::vector<float> Rows(size_t tokens, size_t dim, size_t first = 0) {
  std::vector<float> rows(tokens * dim);
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t token = first + i / dim;
    rows[i] = static_cast<float>(100 * token + i % dim);
  }
  return rows;
}

Status Append(Cache& cache, size_t tokens) {
  const auto k = Rows(tokens, 4, cache.size());
  const auto v = Rows(tokens, 3, cache.size());
  return cache.Append(fovea::HeadMajor(k.data(), 1, tokens, 4),
                      fovea::HeadMajor(v.data(), 1, tokens, 3), tokens);
}

// A copy of all that the cache is.
std::vector<unsigned char> Bytes(const Cache& cache) {
  std::vector<unsigned char> bytes(sizeof(cache));
  std::memcpy(bytes.data(), &cache, sizeof(cache));
  return bytes;
}

TEST(KvCache, AppendStoresPanelsAndRows) {
  static Cache cache;
  cache.Clear();
  ASSERT_EQ(Append(cache, 7), Status::kOk);
  ASSERT_EQ(Append(cache, 14), Status::kOk);
  EXPECT_EQ(cache.size(), 21u);
  EXPECT_EQ(cache.position(), 21u);
  for (size_t t = 0; t < 21; ++t) {
    for (size_t d = 0; d < 4; ++d) {
      EXPECT_EQ(cache.KeyPanels(0)[t / 16 * 64 + d * 16 + t % 16],
                static_cast<float>(100 * t + d));
    }
    for (size_t d = 0; d < 3; ++d) {
      EXPECT_EQ(cache.ValueRows(0)[t * 3 + d], static_cast<float>(100 * t + d));
    }
  }
}

TEST(KvCache, FullCacheRefusesAndKeepsEverything) {
  static Cache cache;
  cache.Clear();
  ASSERT_EQ(Append(cache, 20), Status::kOk);
  const auto before = Bytes(cache);
  EXPECT_EQ(Append(cache, 2), Status::kCacheFull);
  EXPECT_EQ(Bytes(cache), before);
  EXPECT_EQ(Append(cache, 1), Status::kOk);
  EXPECT_EQ(Append(cache, 1), Status::kCacheFull);
}

TEST(KvCache, HugeCountIsFullNotOverflow) {
  static Cache cache;
  cache.Clear();
  ASSERT_EQ(Append(cache, 1), Status::kOk);
  const float row[4] = {};
  const fovea::View<const float> view{row, 4, 4, 4};
  volatile size_t huge = std::numeric_limits<size_t>::max();
  EXPECT_EQ(cache.Append(view, view, huge), Status::kCacheFull);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(KvCache, BadInputChangesNothing) {
  static Cache cache;
  cache.Clear();
  ASSERT_EQ(Append(cache, 5), Status::kOk);
  const auto before = Bytes(cache);
  const auto rows = Rows(4, 4);
  const auto good = fovea::HeadMajor(rows.data(), 1, 2, 4);
  const fovea::View<const float> null{nullptr, 8, 8, 4};
  const fovea::View<const float> short_stride{rows.data(), 8, 8, 2};
  EXPECT_EQ(cache.Append(null, good, 2), Status::kNullPointer);
  EXPECT_EQ(cache.Append(good, null, 2), Status::kNullPointer);
  EXPECT_EQ(cache.Append(short_stride, good, 2), Status::kBadStride);
  EXPECT_EQ(cache.Append(good, short_stride, 2), Status::kBadStride);
  EXPECT_EQ(cache.Append(good, good, 0), Status::kZeroCount);
  EXPECT_EQ(cache.Truncate(6), Status::kTooManyTokens);
  EXPECT_EQ(Bytes(cache), before);
}

TEST(KvCache, TruncateForgetsTheNewest) {
  static Cache cache;
  cache.Clear();
  ASSERT_EQ(Append(cache, 9), Status::kOk);
  EXPECT_EQ(cache.Truncate(0), Status::kOk);
  EXPECT_EQ(cache.size(), 9u);
  EXPECT_EQ(cache.Truncate(4), Status::kOk);
  EXPECT_EQ(cache.size(), 5u);
  EXPECT_EQ(cache.position(), 5u);
  EXPECT_EQ(cache.Truncate(5), Status::kOk);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(KvCache, MisalignedCache) {
  Misaligned<Cache> storage;
  const float row[4] = {};
  const fovea::View<const float> view{row, 4, 4, 4};
  EXPECT_EQ(storage.Get().Append(view, view, 1), Status::kMisaligned);
}

// ---------------------------------------------------------- Step and Attend

struct Stream {
  std::vector<float> q = Rows(8, 8), k = Rows(8, 4), v = Rows(8, 3);
  std::vector<float> out = std::vector<float>(8 * 6, -1.0f);
  Attention::Workspace workspace;
  Attention::Call call;

  explicit Stream(size_t tokens) {
    call.q = fovea::TokenMajor<const float>(q.data(), 2, tokens, 4);
    call.k = fovea::TokenMajor<const float>(k.data(), 1, tokens, 4);
    call.v = fovea::TokenMajor<const float>(v.data(), 1, tokens, 3);
    call.out = fovea::TokenMajor(out.data(), 2, tokens, 3);
    call.queries = tokens;
  }

  bool Untouched() const {
    for (const float value : out) {
      if (value != -1.0f) return false;
    }
    return true;
  }
};

TEST(Step, BadInputLeavesCacheAndOutput) {
  static Cache cache;
  cache.Clear();
  ASSERT_EQ(Append(cache, 15), Status::kOk);
  const auto before = Bytes(cache);
  const auto expect = [&](Stream& s, Status status) {
    EXPECT_EQ(Attention::Step(s.call, cache, s.workspace), status);
    EXPECT_TRUE(s.Untouched()) << fovea::Name(status);
    EXPECT_EQ(Bytes(cache), before) << fovea::Name(status);
  };
  Stream full(7);
  expect(full, Status::kCacheFull);
  Stream zero(0);
  expect(zero, Status::kZeroCount);
  Stream many(8);
  many.call.queries = 9;
  expect(many, Status::kTooManyTokens);
  Stream no_out(2);
  no_out.call.out.data = nullptr;
  expect(no_out, Status::kNullPointer);
  Stream no_key(2);
  no_key.call.k.data = nullptr;
  expect(no_key, Status::kNullPointer);
  Stream stride(2);
  stride.call.v.token_stride = 2;
  expect(stride, Status::kBadStride);
  Stream scale(2);
  scale.call.scale = std::numeric_limits<float>::quiet_NaN();
  expect(scale, Status::kBadScale);
  Stream batch(2);
  batch.call.batch = 2;
  batch.call.out.batch_stride = 100;
  expect(batch, Status::kUnsupported);
  Stream good(6);
  EXPECT_EQ(Attention::Step(good.call, cache, good.workspace), Status::kOk);
  EXPECT_EQ(cache.size(), 21u);
}

TEST(Step, MisalignedObjects) {
  static Cache cache;
  cache.Clear();
  Stream s(1);
  Misaligned<Attention::Workspace> workspace;
  EXPECT_EQ(Attention::Step(s.call, cache, workspace.Get()),
            Status::kMisaligned);
  Misaligned<Cache> bad_cache;
  EXPECT_EQ(Attention::Step(s.call, bad_cache.Get(), s.workspace),
            Status::kMisaligned);
  EXPECT_EQ(Attention::Attend(s.call, bad_cache.Get(), s.workspace),
            Status::kMisaligned);
  EXPECT_TRUE(s.Untouched());
  EXPECT_EQ(cache.size(), 0u);
}

TEST(Attend, EmptyCacheIsAZeroCount) {
  static Cache cache;
  cache.Clear();
  Stream s(1);
  EXPECT_EQ(Attention::Attend(s.call, cache, s.workspace), Status::kZeroCount);
  EXPECT_TRUE(s.Untouched());
}

TEST(Attend, SameBitsAsTheStepThatAppended) {
  static Cache cache;
  cache.Clear();
  ASSERT_EQ(Append(cache, 15), Status::kOk);
  Stream step(3);
  ASSERT_EQ(Attention::Step(step.call, cache, step.workspace), Status::kOk);
  Stream again(3);
  again.call.first_position = 15;
  again.call.k = again.call.v = {};
  ASSERT_EQ(Attention::Attend(again.call, cache, again.workspace), Status::kOk);
  EXPECT_EQ(step.out, again.out);
  EXPECT_EQ(cache.size(), 18u);
}

TEST(Step, AfterTruncateIsAsIfTheTokensHadNeverBeen) {
  static Cache cache;
  cache.Clear();
  ASSERT_EQ(Append(cache, 4), Status::kOk);
  Stream once(2);
  ASSERT_EQ(Attention::Step(once.call, cache, once.workspace), Status::kOk);
  ASSERT_EQ(cache.Truncate(2), Status::kOk);
  Stream twice(2);
  ASSERT_EQ(Attention::Step(twice.call, cache, twice.workspace), Status::kOk);
  EXPECT_EQ(once.out, twice.out);
}

}  // namespace
