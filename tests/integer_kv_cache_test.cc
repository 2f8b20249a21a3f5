// SPDX-License-Identifier: Apache-2.0
// The cache of integer attention: a ring gives the bits of the plain reference
// with its window however an endless stream is cut, and a cache saved as bytes
// is the same cache.
#include "fovea/integer_kv_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "fovea/integer_attention.h"
#include "fovea/integer_scales.h"
#include "saved_cache.h"
#include "tests/dice.h"
#include "tests/golden/poison.h"
#include "tests/reference/integer_attention_reference.h"

namespace fovea {
namespace {

constexpr size_t kTokens = 450;

template <size_t kWindowArg, size_t kSinksArg, size_t kMaxQueriesArg>
struct Ring : IntegerAttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 11;
  static constexpr size_t kValueDim = 6;
  static constexpr size_t kMaxQueries = kMaxQueriesArg, kMaxKeys = 1;
  static constexpr bool kCausal = true, kRing = true;
  static constexpr size_t kWindow = kWindowArg, kSinks = kSinksArg;
};
struct Whole : Ring<0, 0, 30> {
  static constexpr size_t kMaxKeys = kTokens;
  static constexpr bool kRing = false;
};

struct Larger : Whole {
  static constexpr size_t kMaxKeys = 500;
};
struct Smaller : Whole {
  static constexpr size_t kMaxKeys = 99;
};

// Tensors of a stream of kTokens, [token][head][dim], and its outputs.
template <class Config>
class Stream {
  using R = ResolvedInteger<Config>;
  using Attention = IntegerAttention<Config>;

 public:
  using Cache = IntegerKvCache<Config>;

  Stream() {
    Dice dice(1);
    const auto fill = [&](std::vector<int8_t>& to, size_t row) {
      to.resize(kTokens * row);
      for (auto& x : to) x = static_cast<int8_t>(dice.Roll(0, 255));
    };
    fill(q_, R::kHeads * R::kHeadDim);
    fill(k_, R::kKvHeads * R::kHeadDim);
    fill(v_, R::kKvHeads * R::kValueDim);
    out.assign(kTokens * kOutRow, 99);
  }

  typename Attention::Call CallFrom(size_t token, size_t count) {
    typename Attention::Call call;
    call.queries = count;
    call.q = From<const int8_t>(q_, R::kHeads, R::kHeadDim, token);
    call.k = From<const int8_t>(k_, R::kKvHeads, R::kHeadDim, token);
    call.v = From<const int8_t>(v_, R::kKvHeads, R::kValueDim, token);
    call.out = From<int8_t>(out, R::kHeads, R::kValueDim, token);
    call.first_position = static_cast<int64_t>(token);
    call.scales = &kScales;
    return call;
  }

  Status Step(Cache& cache, size_t token, size_t count) {
    return Attention::Step(CallFrom(token, count), cache, *workspace);
  }
  Status Append(Cache& cache, size_t token, size_t count) {
    const auto call = CallFrom(token, count);
    return cache.Append(call.k, call.v, count);
  }
  // In calls of any length.
  void StepTo(Cache& cache, size_t token, size_t end, Dice& dice) {
    while (token < end) {
      const size_t count =
          dice.Roll(1, std::min<size_t>(R::kMaxQueries, end - token));
      ASSERT_EQ(Step(cache, token, count), Status::kOk);
      token += count;
    }
  }

  // What the plain reference makes of the tokens from `first` on.
  std::vector<int8_t> Expected(size_t first, size_t end) {
    static const std::vector<int8_t> all = ExpectedRows();
    return RowsOf(all, first, end);
  }
  std::vector<int8_t> Outputs(size_t first, size_t end) const {
    return RowsOf(out, first, end);
  }

  std::vector<int8_t> out;
  std::unique_ptr<typename Attention::Workspace> workspace =
      golden::MakePoisoned<typename Attention::Workspace>();

 private:
  static constexpr size_t kOutRow = R::kHeads * R::kValueDim;
  // Rows that see many keys, and no zero point of 0.
  static constexpr IntegerScales kScales =
      IntegerScalesOf<11>({{0.02, 3}, {0.009, 0}, {0.02, 5}, {0.006, -9}, 0});

  template <class T>
  static View<T> From(std::vector<int8_t>& data, size_t heads, size_t dim,
                      size_t token) {
    View<T> view = TokenMajor<T>(data.data(), heads, kTokens, dim);
    view.data += token * view.token_stride;
    return view;
  }

  static std::vector<int8_t> RowsOf(const std::vector<int8_t>& of, size_t first,
                                    size_t end) {
    const auto at = [&](size_t token) {
      return of.begin() + static_cast<ptrdiff_t>(token * kOutRow);
    };
    return {at(first), at(end)};
  }

  std::vector<int8_t> ExpectedRows() {
    std::vector<int8_t> rows;
    for (size_t token = 0; token < kTokens; ++token) {
      for (size_t head = 0; head < R::kHeads; ++head) {
        const auto row = ExpectedRow(token, head);
        rows.insert(rows.end(), row.begin(), row.end());
      }
    }
    return rows;
  }

  std::vector<int8_t> ExpectedRow(size_t token, size_t head) {
    const size_t kv_head = head / R::kGroup;
    const auto call = CallFrom(0, kTokens);
    std::vector<int8_t> keys, values;
    reference::IntegerRow row{};
    for (size_t key = 0; key <= token; ++key) {
      const int8_t* k = call.k.Row(0, kv_head, key);
      const int8_t* v = call.v.Row(0, kv_head, key);
      keys.insert(keys.end(), k, k + R::kHeadDim);
      values.insert(values.end(), v, v + R::kValueDim);
      row.visible.push_back(R::kWindow == 0 || token - key < R::kWindow ||
                            key < R::kSinks);
    }
    row.q = call.q.Row(0, head, token);
    row.keys = keys.data(), row.values = values.data();
    row.head_dim = R::kHeadDim, row.value_dim = R::kValueDim;
    row.score_multiplier = kScales.score_multiplier;
    row.output_multiplier = kScales.output_multiplier;
    row.output_shift = kScales.output_shift;
    row.query_zero = kScales.query_zero;
    row.value_zero = kScales.value_zero;
    row.output_zero = kScales.output_zero;
    return reference::IntegerAttention(row);
  }

  std::vector<int8_t> q_, k_, v_;
};

template <class Config>
struct IntegerRing : testing::Test {
  using Cache = IntegerKvCache<Config>;
  IntegerRing() { cache->Clear(); }
  std::unique_ptr<Cache> cache = golden::MakePoisoned<Cache>();
  Stream<Config> stream;
};
using Configs = testing::Types<Ring<1, 0, 1>, Ring<20, 3, 7>, Ring<64, 0, 1>,
                               Ring<64, 64, 97>, Ring<130, 70, 8>>;
TYPED_TEST_SUITE(IntegerRing, Configs);

TYPED_TEST(IntegerRing, AnyCutGivesTheReference) {
  Dice dice(TypeParam::kWindow);
  this->stream.StepTo(*this->cache, 0, kTokens, dice);
  EXPECT_EQ(this->stream.out, this->stream.Expected(0, kTokens));
  EXPECT_EQ(this->cache->position(), kTokens);
  const size_t at_once = std::min<size_t>(TypeParam::kMaxQueries, 64);
  EXPECT_EQ(this->cache->capacity(),
            RoundUp(TypeParam::kSinks, 64) +
                RoundUp(TypeParam::kWindow + at_once - 1, 64));
}

// Tokens are taken back and come again, as in speculative decoding.
TYPED_TEST(IntegerRing, TruncateTakesTokensBack) {
  Dice dice(17);
  size_t position = 0, taken_back = 0;
  while (position < kTokens) {
    const size_t end = std::min(position + dice.Roll(1, 40), kTokens);
    this->stream.StepTo(*this->cache, position, end, dice);
    position = end;
    // A ring without room to spare can take back one token.
    const size_t most = dice.Roll(0, 1) == 0 ? 1 : 70;
    const size_t tokens = dice.Roll(0, std::min(position, most));
    if (dice.Roll(0, 2) == 0 && this->cache->Truncate(tokens) == Status::kOk) {
      position -= tokens;
      taken_back += tokens;
      ASSERT_EQ(this->cache->position(), position);
    }
  }
  EXPECT_EQ(this->stream.out, this->stream.Expected(0, kTokens));
  EXPECT_GT(taken_back, 0u);
}

// What it holds can be attended to again, up to where it can't; also in parts.
TYPED_TEST(IntegerRing, AttendsToWhatItHolds) {
  using Attention = IntegerAttention<TypeParam>;
  Dice dice(3);
  this->stream.StepTo(*this->cache, 0, kTokens, dice);
  const size_t oldest = kTokens - TestFixture::Cache::Span::kSpare;
  const auto expected = this->stream.Outputs(oldest, kTokens);
  for (const size_t parts : {1, 3}) {
    std::fill(this->stream.out.begin(), this->stream.out.end(), int8_t{99});
    for (size_t first = oldest; first < kTokens;) {
      const size_t count =
          std::min<size_t>(TypeParam::kMaxQueries, kTokens - first);
      const auto call = this->stream.CallFrom(first, count);
      for (size_t part = 0; part < parts; ++part) {
        ASSERT_EQ(Attention::Attend(call, *this->cache, *this->stream.workspace,
                                    part, parts),
                  Status::kOk);
      }
      first += count;
    }
    EXPECT_EQ(this->stream.Outputs(oldest, kTokens), expected);
  }
  auto call = this->stream.CallFrom(0, 1);
  for (const int64_t bad : {static_cast<int64_t>(oldest) - 1, int64_t{-1}}) {
    const auto before = this->stream.out;
    call.first_position = bad;
    EXPECT_EQ(Attention::Attend(call, *this->cache, *this->stream.workspace),
              Status::kForgotten);
    EXPECT_EQ(this->stream.out, before);
  }
  // A query after the newest token sees what is left of its window.
  for (const int64_t far : {int64_t{kTokens} + 1000000, INT64_MAX}) {
    call.first_position = far;
    EXPECT_EQ(Attention::Attend(call, *this->cache, *this->stream.workspace),
              Status::kOk);
  }
}

TYPED_TEST(IntegerRing, PositionsPastTwoToTheThirtyTwo) {
  using Span = typename TestFixture::Cache::Span;
  Dice dice(5);
  constexpr size_t kStart = 400;
  this->stream.StepTo(*this->cache, 0, kStart, dice);
  Saved saved(*this->cache);
  ASSERT_EQ(saved.status(), Status::kOk);
  const CacheHeader near = saved.Header();
  const auto expected = this->stream.Expected(kStart, kTokens);
  for (const uint64_t rings : {uint64_t{1} << 14, uint64_t{1} << 20,
                               uint64_t{1} << 28, uint64_t{1} << 40}) {
    CacheHeader far = near;
    far.position += rings * Span::kRingTokens;
    far.end += rings * Span::kRingTokens;
    saved.Set(far);
    ASSERT_EQ(this->cache->Restore(saved.data(), saved.size()), Status::kOk);
    std::fill(this->stream.out.begin(), this->stream.out.end(), int8_t{99});
    this->stream.StepTo(*this->cache, kStart, kTokens, dice);
    EXPECT_EQ(this->stream.Outputs(kStart, kTokens), expected) << rings;
    EXPECT_EQ(this->cache->position(), rings * Span::kRingTokens + kTokens);
  }
}

TYPED_TEST(IntegerRing, RestoredItGoesOnWithTheSameBits) {
  for (const size_t tokens : {0, 1, 30, 150, 233, 400}) {
    Dice dice(tokens);
    this->cache->Clear();
    this->stream.StepTo(*this->cache, 0, tokens, dice);
    const bool some_back =
        tokens > 0 && this->cache->Truncate(1) == Status::kOk;
    const size_t position = tokens - some_back;
    Saved saved(*this->cache);
    ASSERT_EQ(saved.status(), Status::kOk);
    const auto other = golden::MakePoisoned<typename TestFixture::Cache>();
    ASSERT_EQ(other->Restore(saved.data(), saved.size()), Status::kOk);
    EXPECT_EQ(other->size(), this->cache->size());
    ASSERT_EQ(other->position(), position);
    this->stream.StepTo(*other, position, tokens + 40, dice);
    EXPECT_EQ(this->stream.Outputs(position, tokens + 40),
              this->stream.Expected(position, tokens + 40));
  }
}

// ---------------------------------------------------------------- bookkeeping

using Small = Ring<64, 3, 1>;

TEST(IntegerRingStatus, TruncateKeepsTheWindow) {
  Stream<Small> stream;
  const auto cache = golden::MakePoisoned<IntegerKvCache<Small>>();
  cache->Clear();
  EXPECT_EQ(cache->size(), 0u);
  EXPECT_EQ(cache->Truncate(1), Status::kTooManyTokens);
  // While nothing is overwritten any token can be taken back.
  ASSERT_EQ(stream.Append(*cache, 0, 128), Status::kOk);
  EXPECT_EQ(cache->size(), 128u);
  ASSERT_EQ(cache->Truncate(100), Status::kOk);
  ASSERT_EQ(stream.Append(*cache, 28, 101), Status::kOk);
  EXPECT_EQ(cache->position(), 129u);
  // The window is all that is left, and the next token replaces its oldest.
  ASSERT_EQ(cache->Truncate(1), Status::kOk);
  EXPECT_EQ(cache->size(), 127u);
  EXPECT_EQ(cache->Truncate(1), Status::kForgotten);
  EXPECT_EQ(cache->position(), 128u);
  EXPECT_EQ(cache->Truncate(129), Status::kTooManyTokens);
}

template <class Cache>
std::vector<unsigned char> BytesOf(const Cache& cache) {
  std::vector<unsigned char> bytes(sizeof(cache));
  std::memcpy(bytes.data(), &cache, sizeof(cache));
  return bytes;
}

TEST(IntegerRingStatus, BadInputChangesNothing) {
  Stream<Small> stream;
  const auto cache = golden::MakePoisoned<IntegerKvCache<Small>>();
  cache->Clear();
  ASSERT_EQ(stream.Append(*cache, 0, 200), Status::kOk);
  const auto before = BytesOf(*cache);
  const auto out = stream.out;
  const auto refuses = [&](Status expected, auto call) {
    EXPECT_EQ(IntegerAttention<Small>::Step(call, *cache, *stream.workspace),
              expected);
    EXPECT_EQ(BytesOf(*cache), before);
    EXPECT_EQ(stream.out, out);
  };
  refuses(Status::kTooManyTokens, stream.CallFrom(200, 2));
  auto call = stream.CallFrom(200, 1);
  call.v.data = nullptr;
  refuses(Status::kNullPointer, call);
}

// --------------------------------------------------------------------- saved

TEST(IntegerKvCacheSaved, GoesOnInACacheOfAnotherSize) {
  Dice dice(7);
  Stream<Whole> stream;
  Stream<Larger> on;
  const auto cache = golden::MakePoisoned<IntegerKvCache<Whole>>();
  cache->Clear();
  stream.StepTo(*cache, 0, 100, dice);
  Saved saved(*cache);
  ASSERT_EQ(saved.status(), Status::kOk);
  EXPECT_EQ(saved.size() % 64, 0u);
  EXPECT_LE(saved.size(), cache->MostSavedBytes());
  const auto larger = golden::MakePoisoned<IntegerKvCache<Larger>>();
  ASSERT_EQ(larger->Restore(saved.data(), saved.size()), Status::kOk);
  on.StepTo(*larger, 100, kTokens, dice);
  EXPECT_EQ(on.Outputs(100, kTokens), on.Expected(100, kTokens));
  const auto smaller = golden::MakePoisoned<IntegerKvCache<Smaller>>();
  EXPECT_EQ(smaller->Restore(saved.data(), saved.size()), Status::kBadFormat);
  // What stood in the memory before is not among the bytes.
  const auto again = golden::MakePoisoned<IntegerKvCache<Whole>>();
  std::memset(static_cast<void*>(again.get()), 0x77, sizeof(*again));
  again->Clear();
  ASSERT_EQ(stream.Append(*again, 0, 100), Status::kOk);
  Saved other(*again, 0x11);
  ASSERT_EQ(other.size(), saved.size());
  EXPECT_EQ(std::memcmp(saved.data(), other.data(), saved.size()), 0);
}

TEST(IntegerKvCacheSaved, RefusesWhatIsNoneAndStaysAsItWas) {
  using Cache = IntegerKvCache<Small>;
  Stream<Small> stream;
  const auto cache = golden::MakePoisoned<Cache>();
  cache->Clear();
  ASSERT_EQ(stream.Append(*cache, 0, 200), Status::kOk);
  Saved saved(*cache);
  ASSERT_EQ(saved.status(), Status::kOk);
  const CacheHeader good = saved.Header();
  EXPECT_EQ(good.element, kIntegerElement);
  ASSERT_EQ(cache->Truncate(1), Status::kOk);
  const auto before = BytesOf(*cache);
  const auto refuses = [&](Status expected, const void* from, size_t bytes) {
    EXPECT_EQ(cache->Restore(from, bytes), expected);
    EXPECT_EQ(BytesOf(*cache), before);
  };
  refuses(Status::kNullPointer, nullptr, saved.size());
  refuses(Status::kMisaligned, saved.data() + 1, saved.size() - 1);
  refuses(Status::kTooShort, saved.data(), 63);
  refuses(Status::kTooShort, saved.data(), saved.size() - 1);
  const auto refuses_header = [&](const auto& change) {
    CacheHeader header = good;
    change(header);
    saved.Set(header);
    refuses(Status::kBadFormat, saved.data(), saved.size());
  };
  refuses_header([](CacheHeader& h) { h.magic[0] = 'F'; });
  refuses_header([](CacheHeader& h) { ++h.version; });
  refuses_header([](CacheHeader& h) { h.element = 4; });  // of a KvCache
  refuses_header([](CacheHeader& h) { ++h.kv_heads; });
  refuses_header([](CacheHeader& h) { ++h.head_dim; });
  refuses_header([](CacheHeader& h) { ++h.value_dim; });
  refuses_header([](CacheHeader& h) { h.sink_tokens = 0; });
  refuses_header([](CacheHeader& h) { h.ring_tokens += 64; });
  refuses_header([](CacheHeader& h) { --h.tokens; });
  refuses_header([](CacheHeader& h) { h.position = h.end + 1; });
  refuses_header([](CacheHeader& h) { h.end += 2; });
  refuses_header([](CacheHeader& h) { h.reserved[1] = 1; });
  saved.Set(good);
  saved.data()[sizeof(good) + 77] ^= 1;
  refuses(Status::kBadFormat, saved.data(), saved.size());
  saved.data()[sizeof(good) + 77] ^= 1;
  EXPECT_EQ(cache->Restore(saved.data(), saved.size()), Status::kOk);
  EXPECT_EQ(cache->position(), 200u);

  Saved room(saved.size());
  EXPECT_EQ(cache->Save(nullptr, room.size()), Status::kNullPointer);
  EXPECT_EQ(cache->Save(room.data() + 16, room.size()), Status::kMisaligned);
  EXPECT_EQ(cache->Save(room.data(), room.size() - 1), Status::kTooShort);
  EXPECT_EQ(room.data()[0], 0xa5);
}

}  // namespace
}  // namespace fovea
