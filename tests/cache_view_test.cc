// SPDX-License-Identifier: Apache-2.0
// A cache saved as bytes is the same cache, restored or read where it lies, and
// bytes that are not one are refused.
#include "fovea/cache_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "misaligned.h"
#include "saved_cache.h"
#include "stream_problem.h"

namespace fovea {
namespace {

constexpr size_t kTokens = 300;

struct Full : AttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 20;
  static constexpr size_t kValueDim = 7;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kCausal = true, kLse = true;
};
struct OddDim : Full {
  static constexpr size_t kHeadDim = 5;
};
struct Ring : Full {
  static constexpr size_t kMaxQueries = 30, kWindow = 70, kSinks = 3;
  static constexpr bool kRing = true;
};

template <class Cache>
std::vector<unsigned char> BytesOf(const Cache& cache) {
  std::vector<unsigned char> bytes(sizeof(cache));
  std::memcpy(bytes.data(), &cache, sizeof(cache));
  return bytes;
}

template <class Config>
class CacheViewOf : public testing::Test {
 public:
  using Cache = KvCache<Config>;
  using View = CacheView<Config>;

  CacheViewOf() { cache->Clear(), other->Clear(); }

  void StepTo(size_t end) {
    while (position < end) {
      const size_t count = std::min(Config::kMaxQueries, end - position);
      ASSERT_EQ(stream.Step(*cache, position, count), Status::kOk);
      position += count;
    }
  }

  std::unique_ptr<Cache> cache = golden::MakePoisoned<Cache>();
  std::unique_ptr<Cache> other = golden::MakePoisoned<Cache>();
  StreamProblem<Config> stream{kTokens};
  size_t position = 0;
};

struct HalfFull : OddDim {
  using CacheElement = hwy::bfloat16_t;
};
struct HalfRing : Ring {
  using CacheElement = hwy::float16_t;
};
using Configs = testing::Types<Full, OddDim, Ring, HalfFull, HalfRing>;
TYPED_TEST_SUITE(CacheViewOf, Configs);

TYPED_TEST(CacheViewOf, RestoredItGoesOnWithTheSameBits) {
  for (const size_t tokens : {0, 1, 16, 29, 150, 233}) {
    this->cache->Clear();
    this->position = 0;
    this->StepTo(tokens);
    Saved saved(*this->cache);
    ASSERT_EQ(saved.status(), Status::kOk);
    ASSERT_EQ(this->other->Restore(saved.data(), saved.size()), Status::kOk);
    EXPECT_EQ(this->other->size(), this->cache->size());
    EXPECT_EQ(this->other->position(), tokens);
    this->StepTo(tokens + 30);
    StreamProblem<TypeParam> again(kTokens);
    ASSERT_EQ(again.Step(*this->other, tokens, 30), Status::kOk);
    EXPECT_EQ(again.FirstDifference(this->stream, tokens, tokens + 30),
              tokens + 30);
  }
}

TYPED_TEST(CacheViewOf, ReadInPlaceItHasTheSameBits) {
  this->StepTo(217);
  Saved saved(*this->cache);
  typename TestFixture::View view;
  ASSERT_EQ(TestFixture::View::Open(saved.data(), saved.size(), view),
            Status::kOk);
  EXPECT_EQ(view.size(), this->cache->size());
  EXPECT_EQ(view.position(), 217u);
  StreamProblem<TypeParam> again(kTokens);
  ASSERT_EQ(again.Attend(view, 216, 1), Status::kOk);
  ASSERT_EQ(this->stream.Attend(*this->cache, 216, 1), Status::kOk);
  EXPECT_EQ(again.FirstDifference(this->stream, 216, 217), 217u);
}

// Also after tokens were taken back.
TYPED_TEST(CacheViewOf, TruncatedCachesAreSavedToo) {
  for (const size_t tokens : {40, 217}) {
    this->StepTo(tokens);
    ASSERT_EQ(this->cache->Truncate(9), Status::kOk);
    Saved saved(*this->cache);
    ASSERT_EQ(this->other->Restore(saved.data(), saved.size()), Status::kOk);
    EXPECT_EQ(this->other->position(), tokens - 9);
    StreamProblem<TypeParam> again(kTokens);
    ASSERT_EQ(again.Step(*this->other, tokens - 9, 9), Status::kOk);
    EXPECT_EQ(again.FirstDifference(this->stream, tokens - 9, tokens), tokens);
    this->position -= 9;
  }
}

// What a cache's memory held before does not show.
TYPED_TEST(CacheViewOf, TheSameTokensAreTheSameBytes) {
  std::memset(static_cast<void*>(this->other.get()), 0x11,
              sizeof(*this->other));
  this->other->Clear();
  this->StepTo(37);
  ASSERT_EQ(this->stream.Append(*this->other, 0, 37), Status::kOk);
  Saved first(*this->cache, 0x77), second(*this->other);
  ASSERT_EQ(first.size(), second.size());
  EXPECT_EQ(std::memcmp(first.data(), second.data(), first.size()), 0);
  EXPECT_EQ(first.size() % 64, 0u);
  EXPECT_LE(first.size(), TestFixture::Cache::MostSavedBytes());
}

// ----------------------------------------------------------------- bad bytes

TYPED_TEST(CacheViewOf, EveryFlippedByteIsFound) {
  this->StepTo(21);
  Saved saved(*this->cache);
  typename TestFixture::View view;
  for (size_t i = 0; i < saved.size(); ++i) {
    saved.data()[i] ^= static_cast<unsigned char>(1u << i % 8);
    const Status status =
        TestFixture::View::Open(saved.data(), saved.size(), view);
    EXPECT_TRUE(status == Status::kBadFormat) << i << " " << Name(status);
    saved.data()[i] ^= static_cast<unsigned char>(1u << i % 8);
  }
  EXPECT_EQ(view.size(), 0u);
  EXPECT_EQ(TestFixture::View::Open(saved.data(), saved.size(), view),
            Status::kOk);
}

TYPED_TEST(CacheViewOf, MissingBytesAreFoundAndNothingChanges) {
  this->StepTo(90);
  ASSERT_EQ(this->stream.Append(*this->other, 0, 5), Status::kOk);
  const auto before = BytesOf(*this->other);
  Saved saved(*this->cache);
  for (size_t bytes = 0; bytes < saved.size(); bytes += bytes < 80 ? 1 : 61) {
    Saved part(bytes);  // the sanitizer sees a read past its end
    std::memcpy(part.data(), saved.data(), bytes);
    EXPECT_EQ(this->other->Restore(part.data(), bytes), Status::kTooShort);
  }
  EXPECT_EQ(BytesOf(*this->other), before);
}

// A header with a good checksum, and other numbers than a cache can have.
TYPED_TEST(CacheViewOf, HeadersThatMakeNoSenseAreFound) {
  this->StepTo(200);
  Saved saved(*this->cache);
  const CacheHeader good = saved.Header();
  typename TestFixture::View view;
  const auto expect_bad = [&](auto change, const char* what) {
    CacheHeader header = good;
    change(header);
    saved.Set(header);
    EXPECT_EQ(TestFixture::View::Open(saved.data(), saved.size(), view),
              Status::kBadFormat)
        << what;
  };
  constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max();
  expect_bad([](auto& h) { h.version = 2; }, "version");
  expect_bad([](auto& h) { h.element = 9; }, "element");
  expect_bad([](auto& h) { ++h.kv_heads; }, "kv_heads");
  expect_bad([](auto& h) { --h.head_dim; }, "head_dim");
  expect_bad([](auto& h) { ++h.value_dim; }, "value_dim");
  expect_bad([](auto& h) { h.sink_tokens += 64; }, "sink_tokens");
  expect_bad([](auto& h) { h.ring_tokens += 64; }, "ring_tokens");
  expect_bad([](auto& h) { --h.tokens; }, "tokens");
  expect_bad([](auto& h) { h.position = kHuge; }, "position");
  expect_bad([](auto& h) { h.end = h.position = kHuge; }, "both");
  expect_bad([](auto& h) { h.end = kHuge; }, "end");
  expect_bad([](auto& h) { h.end = 0; }, "end 0");
  expect_bad([](auto& h) { h.position -= 100; }, "too many taken back");
  expect_bad([](auto& h) { h.reserved[1] = 1; }, "reserved");
  saved.Set(good);
  EXPECT_EQ(TestFixture::View::Open(saved.data(), saved.size(), view),
            Status::kOk);
}

TEST(CacheView, OfAnotherConfigIsRefused) {
  const auto full = golden::MakePoisoned<KvCache<Full>>();
  const auto odd = golden::MakePoisoned<KvCache<OddDim>>();
  const auto ring = golden::MakePoisoned<KvCache<Ring>>();
  full->Clear(), odd->Clear(), ring->Clear();
  StreamProblem<Full> stream(20);
  ASSERT_EQ(stream.Append(*full, 0, 20), Status::kOk);
  Saved saved(*full);
  EXPECT_EQ(odd->Restore(saved.data(), saved.size()), Status::kBadFormat);
  EXPECT_EQ(ring->Restore(saved.data(), saved.size()), Status::kBadFormat);
}

struct Larger : Full {
  static constexpr size_t kMaxKeys = 2 * kTokens;
};

// The number of tokens decides, not that of the config.
TEST(CacheView, CapacitiesMayDiffer) {
  StreamProblem<Full> stream(kTokens);
  const auto small = golden::MakePoisoned<KvCache<Full>>();
  const auto large = golden::MakePoisoned<KvCache<Larger>>();
  small->Clear(), large->Clear();
  ASSERT_EQ(stream.Append(*small, 0, kTokens), Status::kOk);
  Saved saved(*small);
  ASSERT_EQ(large->Restore(saved.data(), saved.size()), Status::kOk);
  Saved same(*large);
  ASSERT_EQ(same.size(), saved.size());
  EXPECT_EQ(std::memcmp(same.data(), saved.data(), same.size()), 0);
  StreamProblem<Larger> more(1);
  ASSERT_EQ(more.Append(*large, 0, 1), Status::kOk);
  Saved longer(*large);
  EXPECT_EQ(small->Restore(longer.data(), longer.size()), Status::kBadFormat);
  EXPECT_EQ(small->size(), kTokens);
}

TEST(CacheView, BadPointers) {
  const auto cache = golden::MakePoisoned<KvCache<Full>>();
  cache->Clear();
  StreamProblem<Full> stream(20);
  ASSERT_EQ(stream.Append(*cache, 0, 20), Status::kOk);
  Saved saved(*cache), untouched(saved.size());
  CacheView<Full> view;
  EXPECT_EQ(stream.Attend(view, 19, 1), Status::kNullPointer);
  EXPECT_EQ(CacheView<Full>::Open(nullptr, 64, view), Status::kNullPointer);
  EXPECT_EQ(CacheView<Full>::Open(saved.data() + 4, saved.size() - 4, view),
            Status::kMisaligned);
  EXPECT_EQ(cache->Save(nullptr, saved.size()), Status::kNullPointer);
  EXPECT_EQ(cache->Save(untouched.data() + 4, saved.size()),
            Status::kMisaligned);
  EXPECT_EQ(cache->Save(untouched.data(), saved.size() - 1), Status::kTooShort);
  EXPECT_EQ(cache->Restore(nullptr, 64), Status::kNullPointer);
  for (size_t i = 0; i < untouched.size(); ++i) {
    ASSERT_EQ(untouched.data()[i], 0xa5);
  }
  Misaligned<KvCache<Full>> storage;
  EXPECT_EQ(storage.Get().Save(untouched.data(), untouched.size()),
            Status::kMisaligned);
  EXPECT_EQ(storage.Get().Restore(saved.data(), saved.size()),
            Status::kMisaligned);
}

}  // namespace
}  // namespace fovea
