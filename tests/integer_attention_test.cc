// SPDX-License-Identifier: Apache-2.0
// Integer attention, bit for bit: against the plain reference, between the ways
// to call it, at the extremes of its integers; and what it refuses.
#include "fovea/integer_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <vector>

#include "fovea/integer_kv_cache.h"
#include "fovea/integer_scales.h"
#include "tests/dice.h"
#include "tests/reference/integer_attention_reference.h"

namespace fovea {
namespace {

template <size_t kHeadsArg, size_t kKvHeadsArg, size_t kHeadDimArg,
          size_t kValueDimArg, size_t kMaxQueriesArg, bool kCausalArg,
          size_t kWindowArg = 0, size_t kSinksArg = 0, bool kHasMask = false>
struct Sized : IntegerAttentionConfig {
  static constexpr size_t kHeads = kHeadsArg, kKvHeads = kKvHeadsArg;
  static constexpr size_t kHeadDim = kHeadDimArg, kValueDim = kValueDimArg;
  static constexpr size_t kMaxQueries = kMaxQueriesArg, kMaxKeys = 300;
  static constexpr bool kCausal = kCausalArg;
  static constexpr size_t kWindow = kWindowArg, kSinks = kSinksArg;
  static constexpr MaskKind kMask =
      kHasMask ? MaskKind::kBoolean : MaskKind::kNone;
};

// Tensors of one call, head-major with gaps between rows.
template <class Config>
struct Problem {
  using R = ResolvedInteger<Config>;
  using Attention = IntegerAttention<Config>;

  Problem(Dice& dice, size_t with_queries, size_t with_keys)
      : queries(with_queries), keys(with_keys), gap(dice.Roll(0, 5)) {
    q = Filled(dice, R::kHeads, queries, R::kHeadDim);
    k = Filled(dice, R::kKvHeads, keys, R::kHeadDim);
    v = Filled(dice, R::kKvHeads, keys, R::kValueDim);
    out.assign(R::kHeads * queries * (R::kValueDim + gap), 99);
    mask.resize(R::kHeads * queries * keys);
    const uint32_t shown = dice.Roll(0, 10);
    for (auto& x : mask) x = dice.Roll(0, 9) < shown ? 7 : 0;
    // From flat rows to ones that see a single key, and every sign of zeros.
    scales.score_multiplier = dice.Roll(0, 9) == 0
                                  ? dice.Roll(0, 300)
                                  : dice.Roll(1, 255) << dice.Roll(0, 24);
    scales.output_multiplier =
        static_cast<int32_t>((1u << 30) + dice.Roll(0, (1u << 23) - 1) * 128);
    scales.output_shift = static_cast<int32_t>(dice.Roll(0, 13)) - 7;
    if (dice.Roll(0, 1)) scales.query_zero = dice.Byte();
    if (dice.Roll(0, 1)) scales.value_zero = dice.Byte();
    scales.output_zero = dice.Byte();
  }

  std::vector<int8_t> Filled(Dice& dice, size_t heads, size_t tokens,
                             size_t dim) const {
    std::vector<int8_t> to(heads * tokens * (dim + gap));
    for (auto& x : to) x = dice.Byte();
    return to;
  }

  template <class T>
  View<T> Rows(T* data, size_t tokens, size_t dim) const {
    return {data, 0, tokens * (dim + gap), dim + gap};
  }

  typename Attention::Call Call() {
    typename Attention::Call call;
    call.q = Rows<const int8_t>(q.data(), queries, R::kHeadDim);
    call.k = Rows<const int8_t>(k.data(), keys, R::kHeadDim);
    call.v = Rows<const int8_t>(v.data(), keys, R::kValueDim);
    call.out = Rows(out.data(), queries, R::kValueDim);
    call.queries = queries, call.keys = keys;
    call.first_position = first_position;
    call.scales = &scales;
    if constexpr (R::kMask == MaskKind::kBoolean) {
      call.mask = {mask.data(), 0, queries * keys, keys};
    }
    return call;
  }

  bool Sees(size_t head, size_t query, size_t key) const {
    const int64_t p = static_cast<int64_t>(query) + first_position;
    const int64_t j = static_cast<int64_t>(key);
    constexpr int64_t kWindow = R::kWindow;
    if (R::kCausal && j > p) return false;
    if (kWindow > 0 && key >= R::kSinks &&
        (p - j >= kWindow || j - p >= kWindow)) {
      return false;
    }
    if (R::kMask != MaskKind::kNone &&
        mask[(head * queries + query) * keys + key] == 0) {
      return false;
    }
    return key < visible_keys;
  }

  std::vector<int8_t> Expected() {
    std::vector<int8_t> all = out;
    for (size_t head = 0; head < R::kHeads; ++head) {
      const size_t kv_head = head / R::kGroup;
      std::vector<int8_t> row_keys, row_values;
      for (size_t key = 0; key < keys; ++key) {
        const int8_t* from = Call().k.Row(0, kv_head, key);
        row_keys.insert(row_keys.end(), from, from + R::kHeadDim);
        from = Call().v.Row(0, kv_head, key);
        row_values.insert(row_values.end(), from, from + R::kValueDim);
      }
      for (size_t query = 0; query < queries; ++query) {
        reference::IntegerRow row{};
        row.q = Call().q.Row(0, head, query);
        row.keys = row_keys.data(), row.values = row_values.data();
        for (size_t key = 0; key < keys; ++key) {
          row.visible.push_back(Sees(head, query, key));
        }
        row.head_dim = R::kHeadDim, row.value_dim = R::kValueDim;
        row.score_multiplier = scales.score_multiplier;
        row.output_multiplier = scales.output_multiplier;
        row.output_shift = scales.output_shift;
        row.query_zero = scales.query_zero;
        row.value_zero = scales.value_zero;
        row.output_zero = scales.output_zero;
        const auto expected = reference::IntegerAttention(row);
        std::copy(
            expected.begin(), expected.end(),
            all.begin() + static_cast<ptrdiff_t>((head * queries + query) *
                                                 (R::kValueDim + gap)));
      }
    }
    return all;
  }

  size_t queries, keys, gap;
  size_t visible_keys = size_t(-1);
  int64_t first_position = 0;
  IntegerScales scales;
  std::vector<int8_t> q, k, v, out;
  std::vector<uint8_t> mask;
};

template <class Config>
struct IntegerAttentionOf : testing::Test {
  using Workspace = typename IntegerAttention<Config>::Workspace;
  std::unique_ptr<Workspace> workspace = std::make_unique<Workspace>();
  std::unique_ptr<IntegerKvCache<Config>> cache =
      std::make_unique<IntegerKvCache<Config>>();
};
using Configs = testing::Types<
    Sized<2, 2, 32, 32, 20, false>, Sized<4, 2, 20, 12, 33, true>,
    Sized<3, 1, 33, 7, 5, true, 70, 5>, Sized<1, 1, 1, 1, 3, false, 40>,
    Sized<2, 1, 256, 256, 2, true>, Sized<4, 4, 64, 30, 1, true>,
    Sized<6, 2, 13, 66, 19, false, 0, 0, true>,
    Sized<1, 1, 48, 5, 1, true, 64, 1, true>, Sized<35, 1, 12, 9, 1, true>>;
TYPED_TEST_SUITE(IntegerAttentionOf, Configs);

TYPED_TEST(IntegerAttentionOf, HasTheBitsOfTheReference) {
  using R = ResolvedInteger<TypeParam>;
  Dice dice(1);
  for (int i = 0; i < 60; ++i) {
    Problem<TypeParam> problem(dice, dice.Roll(1, R::kMaxQueries),
                               dice.Roll(1, R::kMaxKeys));
    problem.first_position = static_cast<int64_t>(dice.Roll(0, 400)) - 60;
    auto call = problem.Call();
    const size_t length = dice.Roll(0, static_cast<uint32_t>(problem.keys));
    if (i % 3 == 0) {
      problem.visible_keys = length;
      call.key_lengths = &length;
    }
    const auto expected = problem.Expected();
    ASSERT_EQ(IntegerAttention<TypeParam>::Run(call, *this->workspace),
              Status::kOk);
    ASSERT_EQ(problem.out, expected) << "problem " << i;
  }
}

TYPED_TEST(IntegerAttentionOf, HasTheSameBitsInPartsAndFromACache) {
  using R = ResolvedInteger<TypeParam>;
  using Attention = IntegerAttention<TypeParam>;
  Dice dice(2);
  for (int i = 0; i < 20; ++i) {
    Problem<TypeParam> problem(dice, dice.Roll(1, R::kMaxQueries),
                               dice.Roll(1, R::kMaxKeys));
    auto call = problem.Call();
    call.first_position = static_cast<int64_t>(problem.keys) -
                          static_cast<int64_t>(problem.queries);
    ASSERT_EQ(Attention::Run(call, *this->workspace), Status::kOk);
    const auto whole = problem.out;

    const uint32_t parts = dice.Roll(1, 5);
    for (int way = 0; way < 2; ++way) {
      std::fill(problem.out.begin(), problem.out.end(), int8_t{99});
      this->cache->Clear();
      ASSERT_EQ(this->cache->Append(call.k, call.v, problem.keys), Status::kOk);
      for (uint32_t part = parts; part-- > 0;) {
        const Status status =
            way == 0 ? Attention::Run(call, *this->workspace, part, parts)
                     : Attention::Attend(call, *this->cache, *this->workspace,
                                         part, parts);
        ASSERT_EQ(status, Status::kOk);
      }
      ASSERT_EQ(problem.out, whole) << "way " << way << " of problem " << i;
    }
  }
}

// Which rows of `problem` some calls write: those that come out alike whatever
// stood there before.
template <class TypeParam, class Run>
std::vector<bool> RowsWritten(Problem<TypeParam>& problem, const Run& run) {
  const size_t row = ResolvedInteger<TypeParam>::kValueDim + problem.gap;
  std::vector<int8_t> first;
  for (const int8_t before : {int8_t{99}, int8_t{-99}}) {
    first = problem.out;
    std::fill(problem.out.begin(), problem.out.end(), before);
    EXPECT_EQ(run(), Status::kOk);
  }
  std::vector<bool> written;
  for (size_t at = 0; at < problem.out.size(); at += row) {
    written.push_back(first[at] == problem.out[at]);
  }
  return written;
}

// Each row is one part's alone, and no part has much more to do than another:
// a block of rows at most.
TYPED_TEST(IntegerAttentionOf, PartsAreDisjointAndNearlyEqual) {
  using R = ResolvedInteger<TypeParam>;
  using Attention = IntegerAttention<TypeParam>;
  Dice dice(5);
  Problem<TypeParam> problem(dice, R::kMaxQueries, R::kMaxKeys);
  if (R::kMask != MaskKind::kNone) {
    std::fill(problem.mask.begin(), problem.mask.end(), uint8_t{1});
  }
  auto call = problem.Call();
  call.first_position = problem.first_position =
      static_cast<int64_t>(R::kMaxKeys - R::kMaxQueries);
  this->cache->Clear();
  ASSERT_EQ(this->cache->Append(call.k, call.v, problem.keys), Status::kOk);
  for (const bool cached : {false, true}) {
    for (const size_t parts : {2, 3, 5}) {
      std::vector<size_t> owners(R::kHeads * R::kMaxQueries);
      std::vector<size_t> rows_of;
      for (size_t part = 0; part < parts; ++part) {
        const auto written = RowsWritten(problem, [&] {
          return cached ? Attention::Attend(call, *this->cache,
                                            *this->workspace, part, parts)
                        : Attention::Run(call, *this->workspace, part, parts);
        });
        rows_of.push_back(0);
        for (size_t i = 0; i < owners.size(); ++i) {
          owners[i] += written[i];
          rows_of.back() += written[i];
        }
      }
      for (const size_t count : owners) EXPECT_EQ(count, 1u);
      // A block holds 64 rows at most, of one kv head.
      const size_t block = std::min<size_t>(64, R::kGroup * R::kMaxQueries);
      const auto [least, most] =
          std::minmax_element(rows_of.begin(), rows_of.end());
      EXPECT_LE(*most - *least, block) << parts << ", " << cached;
    }
  }
}

// Entries of a batch that see fewer keys cost less.
TEST(IntegerAttention, PartsGoByWhatEntriesOfABatchCost) {
  using Config = Sized<1, 1, 8, 8, 4, false>;
  using Attention = IntegerAttention<Config>;
  constexpr size_t kBatch = 8, kKeys = 256, kQueries = 4;
  auto workspace = std::make_unique<Attention::Workspace>();
  const std::vector<int8_t> q(kBatch * kQueries * 8, 1);
  const std::vector<int8_t> keys(kBatch * kKeys * 8, 1);
  std::vector<int8_t> out(q.size());
  IntegerScales scales;
  scales.output_multiplier = 1 << 30, scales.output_shift = 1;
  // The first entry costs as much as all the others.
  const size_t lengths[kBatch] = {256, 64, 0, 64, 0, 64, 0, 64};
  Attention::Call call;
  call.q = HeadMajor<const int8_t>(q.data(), 1, kQueries, 8);
  call.k = HeadMajor<const int8_t>(keys.data(), 1, kKeys, 8);
  call.v = call.k;
  call.out = HeadMajor(out.data(), 1, kQueries, 8);
  call.batch = kBatch, call.queries = kQueries, call.keys = kKeys;
  call.key_lengths = lengths, call.scales = &scales;
  for (size_t part = 0; part < 2; ++part) {
    std::fill(out.begin(), out.end(), int8_t{99});
    ASSERT_EQ(Attention::Run(call, *workspace, part, 2), Status::kOk);
    for (size_t b = 0; b < kBatch; ++b) {
      const bool written = out[b * kQueries * 8] != 99;
      EXPECT_EQ(written, (b > 0) == (part == 1)) << part << ", " << b;
    }
  }
}

// One prefill, against chunks and steps of any length, some of them taken back.
TYPED_TEST(IntegerAttentionOf, HasTheSameBitsHoweverAStreamIsCut) {
  using R = ResolvedInteger<TypeParam>;
  using Attention = IntegerAttention<TypeParam>;
  if (!R::kCausal || R::kMask != MaskKind::kNone) return;
  Dice dice(3);
  for (int i = 0; i < 4; ++i) {
    Problem<TypeParam> problem(dice, R::kMaxKeys, R::kMaxKeys);
    const auto expected = problem.Expected();
    for (size_t most : {size_t{1}, size_t{R::kMaxQueries}}) {
      std::fill(problem.out.begin(), problem.out.end(), int8_t{99});
      this->cache->Clear();
      for (size_t at = 0; at < problem.keys;) {
        auto call = problem.Call();
        const size_t left = std::min(most, problem.keys - at);
        call.queries = dice.Roll(1, static_cast<uint32_t>(left));
        for (auto* view : {&call.q, &call.k, &call.v}) {
          view->data = view->Row(0, 0, at);
        }
        call.out.data = call.out.Row(0, 0, at);
        ASSERT_EQ(Attention::Step(call, *this->cache, *this->workspace),
                  Status::kOk);
        at += call.queries;
        if (dice.Roll(0, 4) != 0) continue;
        const uint32_t back = dice.Roll(0, static_cast<uint32_t>(call.queries));
        ASSERT_EQ(this->cache->Truncate(back), Status::kOk);
        at -= back;
      }
      ASSERT_EQ(problem.out, expected) << "problem " << i;
    }
  }
}

struct Long : IntegerAttentionConfig {
  static constexpr size_t kHeadDim = 4, kValueDim = 5;
  static constexpr size_t kMaxKeys = kMostIntegerKeys;
};

// The widest sums there are: every entry at an end of its range, and a row of
// the most keys, all of them at the row's maximum.
TEST(IntegerAttention, HoldsItsSumsAtTheExtremes) {
  using Attention = IntegerAttention<Long>;
  auto workspace = std::make_unique<Attention::Workspace>();
  const int8_t ends[] = {-128, 127};
  for (int i = 0; i < 16; ++i) {
    const auto end = [&](int bit) { return ends[(i >> bit) & 1]; };
    const size_t keys = kMostIntegerKeys;
    const std::vector<int8_t> q(4, end(0)), k(keys * 4, end(1));
    const std::vector<int8_t> values(keys * 5, end(2));
    IntegerScales scales;
    scales.score_multiplier = i % 2 ? 0xffffffffu : 1000;
    scales.output_multiplier = 1 << 30;
    scales.output_shift = 1;  // 1
    scales.query_zero = end(3);
    scales.value_zero = end(0);
    std::vector<int8_t> out(5);
    Attention::Call call;
    call.q = {q.data(), 0, 0, 0};
    call.k = {k.data(), 0, 0, 4};
    call.v = {values.data(), 0, 0, 5};
    call.out = {out.data(), 0, 0, 5};
    call.queries = 1, call.keys = keys, call.scales = &scales;
    ASSERT_EQ(Attention::Run(call, *workspace), Status::kOk);
    const int value = std::clamp(end(2) - scales.value_zero, -128, 127);
    for (const int8_t x : out) EXPECT_EQ(x, value) << i;
  }
}

// The largest distance that two scores can have, with q's zero point at the
// other end of its range.
TEST(IntegerAttention, TellsTheFarthestScoresApart) {
  using Config = Sized<1, 1, 256, 1, 1, false>;
  using Attention = IntegerAttention<Config>;
  auto workspace = std::make_unique<Attention::Workspace>();
  std::vector<int8_t> q(256, -128), k(512, -128), v = {10, 90}, out(1);
  std::fill(k.begin() + 256, k.end(), int8_t{127});
  IntegerScales scales;
  scales.output_multiplier = 1 << 30, scales.output_shift = 1;
  scales.query_zero = 127;
  Attention::Call call;
  call.q = {q.data(), 0, 0, 0}, call.k = {k.data(), 0, 0, 256};
  call.v = {v.data(), 0, 0, 1}, call.out = {out.data(), 0, 0, 0};
  call.queries = 1, call.keys = 2, call.scales = &scales;
  for (uint32_t multiplier : {0u, 1u, 127u, 128u, 1000u, ~0u}) {
    scales.score_multiplier = multiplier;
    ASSERT_EQ(Attention::Run(call, *workspace), Status::kOk);
    // 37: an octave apart, 10 and half of 90 over 1.5.
    const int expected = multiplier < 2 ? 50 : multiplier < 1000 ? 37 : 10;
    EXPECT_EQ(out[0], expected) << multiplier;
  }
}

TEST(IntegerAttention, RefusesBadInputAndWritesNothing) {
  using Config = Sized<2, 1, 8, 4, 3, true>;
  using Attention = IntegerAttention<Config>;
  auto workspace = std::make_unique<Attention::Workspace>();
  auto cache = std::make_unique<IntegerKvCache<Config>>();
  cache->Clear();
  Dice dice(4);
  Problem<Config> problem(dice, 3, 9);
  const auto before = problem.out;
  const auto refuses = [&](Status expected, const auto& change) {
    auto call = problem.Call();
    const IntegerScales scales = problem.scales;
    change(call);
    EXPECT_EQ(Attention::Run(call, *workspace), expected);
    EXPECT_EQ(problem.out, before);
    problem.scales = scales;
  };
  refuses(Status::kNullPointer, [](auto& call) { call.q.data = nullptr; });
  refuses(Status::kNullPointer, [](auto& call) { call.k.data = nullptr; });
  refuses(Status::kNullPointer, [](auto& call) { call.v.data = nullptr; });
  refuses(Status::kNullPointer, [](auto& call) { call.out.data = nullptr; });
  refuses(Status::kNullPointer, [](auto& call) { call.scales = nullptr; });
  refuses(Status::kZeroCount, [](auto& call) { call.batch = 0; });
  refuses(Status::kZeroCount, [](auto& call) { call.queries = 0; });
  refuses(Status::kZeroCount, [](auto& call) { call.keys = 0; });
  refuses(Status::kTooManyTokens, [](auto& call) { call.queries = 4; });
  refuses(Status::kTooManyTokens, [](auto& call) { call.keys = 301; });
  refuses(Status::kBadStride, [](auto& call) { call.k.token_stride = 7; });
  refuses(Status::kBadStride, [](auto& call) { call.out.head_stride = 3; });
  const size_t too_long = 10;
  refuses(Status::kTooManyTokens,
          [&](auto& call) { call.key_lengths = &too_long; });
  for (int shift : {-32, 20, std::numeric_limits<int>::max()}) {
    refuses(Status::kBadScale,
            [&](auto&) { problem.scales.output_shift = shift; });
  }
  for (int multiplier : {0, -1, (1 << 30) - 1}) {
    refuses(Status::kBadScale,
            [&](auto&) { problem.scales.output_multiplier = multiplier; });
  }
  auto call = problem.Call();
  EXPECT_EQ(Attention::Run(call, *workspace, 2, 2), Status::kBadPart);
  EXPECT_EQ(Attention::Run(call, *workspace, 0, 65537), Status::kBadPart);
  EXPECT_EQ(Attention::Attend(call, *cache, *workspace), Status::kZeroCount);
  call.batch = 2;
  call.q.batch_stride = call.out.batch_stride = 1000;
  EXPECT_EQ(Attention::Step(call, *cache, *workspace), Status::kUnsupported);
  call.batch = 1;
  while (cache->size() < 298) {
    ASSERT_EQ(cache->Append(call.k, call.v, 2), Status::kOk);
  }
  EXPECT_EQ(Attention::Step(call, *cache, *workspace), Status::kCacheFull);
  EXPECT_EQ(cache->Append(call.k, call.v, 3), Status::kCacheFull);
  EXPECT_EQ(cache->Append(call.k, call.v, 0), Status::kZeroCount);
  EXPECT_EQ(cache->Truncate(299), Status::kTooManyTokens);
  EXPECT_EQ(cache->size(), 298u);
  EXPECT_EQ(problem.out, before);
}

TEST(IntegerScalesOf, HasTensorFlowLitesMultipliers) {
  // frexp(0.024 / 0.011) = 0.54545..., 2.
  constexpr IntegerScales kScales =
      IntegerScalesOf<64>({{0.031, 3}, {0.028, 9}, {0.024, -1}, {0.011, 7}, 0});
  EXPECT_EQ(kScales.output_multiplier, 1171354717);
  EXPECT_EQ(kScales.output_shift, 2);
  // 0.031 * 0.028 / 8 * log2(e) * 2^31
  EXPECT_EQ(kScales.score_multiplier, 336151u);
  EXPECT_EQ(kScales.query_zero, 3);
  EXPECT_EQ(kScales.value_zero, -1);
  EXPECT_EQ(kScales.output_zero, 7);
}

// Of reals that lie between two integers, or at the ends of what there is.
TEST(IntegerScalesOf, RoundsToTheNearest) {
  const auto made = [](double score, double output, IntegerScales& scales) {
    // So that a product of 1 is worth score * 2^-31 octaves.
    const double q = score / (1.44269504088896340736 * 0x1p31);
    return MakeIntegerScales({{q, 0}, {1, 0}, {output, 0}, {1, 0}, 1}, 64,
                             scales);
  };
  IntegerScales scales;
  const struct {
    double real;
    uint32_t rounded;
  } kScores[] = {{0.3, 0},
                 {0.7, 1},
                 {1000.3, 1000},
                 {1000.7, 1001},
                 {1e9 + 0.4, 1000000000},
                 {1e9 + 0.6, 1000000001},
                 {0x1p32 - 0.6, 0xffffffffu}};
  for (const auto& score : kScores) {
    ASSERT_EQ(made(score.real, 1, scales), Status::kOk);
    EXPECT_EQ(scales.score_multiplier, score.rounded) << score.real;
  }
  EXPECT_EQ(made(0x1p32 - 0.4, 1, scales), Status::kBadScale);

  const struct {
    double real;
    int32_t multiplier, shift;
  } kOutputs[] = {{(0x1p30 + 5.25) * 0x1p-31, (1 << 30) + 5, 0},
                  {(0x1p30 + 5.5) * 0x1p-31, (1 << 30) + 6, 0},
                  {(0x1p30 + 5.75) * 0x1p-31, (1 << 30) + 6, 0},
                  {(0x1p30 + 5.25) * 0x1p-30, (1 << 30) + 5, 1},
                  {(0x1p31 - 0.75) * 0x1p-31, 0x7fffffff, 0},
                  {(0x1p31 - 0.25) * 0x1p-31, 1 << 30, 1},
                  {(0x1p31 - 0.75) * 0x1p-12, 0x7fffffff, 19},
                  {0x1p-32, 1 << 30, -31}};
  for (const auto& output : kOutputs) {
    ASSERT_EQ(made(1, output.real, scales), Status::kOk);
    EXPECT_EQ(scales.output_multiplier, output.multiplier) << output.real;
    EXPECT_EQ(scales.output_shift, output.shift) << output.real;
  }
  EXPECT_EQ(made(1, (0x1p31 - 0.25) * 0x1p-12, scales), Status::kBadScale);
  EXPECT_EQ(made(1, 0x1.fffffffffffffp-33, scales), Status::kBadScale);
}

TEST(IntegerScalesOf, RefusesWhatDoesNotFit) {
  const QuantisedScales good = {{0.1, 0}, {0.1, 0}, {0.1, 0}, {0.1, 0}, 0};
  const auto refuses = [&](const auto& change) {
    QuantisedScales real = good;
    change(real);
    IntegerScales scales;
    scales.output_shift = 77;
    EXPECT_EQ(MakeIntegerScales(real, 64, scales), Status::kBadScale);
    EXPECT_EQ(scales.output_shift, 77);
  };
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const auto member : {&QuantisedScales::q, &QuantisedScales::k,
                            &QuantisedScales::v, &QuantisedScales::out}) {
    for (double scale : {0.0, -0.1, kInf, -kInf, kNan}) {
      refuses([&](auto& real) { (real.*member).scale = scale; });
    }
    for (int32_t zero : {-129, 128, 1 << 30}) {
      refuses([&](auto& real) { (real.*member).zero_point = zero; });
    }
  }
  for (double scale : {-0.1, kInf, kNan}) {
    refuses([&](auto& real) { real.softmax_scale = scale; });
  }
  refuses([](auto& real) { real.q.scale = 1200; });  // 2^31 octaves
  refuses([](auto& real) { real.q.scale = 1e300; });
  refuses([](auto& real) { real.out.scale = 1e-7; });  // 2^19 and more
  refuses([](auto& real) { real.out.scale = 5e8; });   // below 2^-32
  IntegerScales scales;
  EXPECT_EQ(MakeIntegerScales(good, 0, scales), Status::kBadScale);
  EXPECT_EQ(MakeIntegerScales(good, 257, scales), Status::kBadScale);
  EXPECT_EQ(MakeIntegerScales(good, 64, scales), Status::kOk);
  EXPECT_EQ(scales.output_multiplier, 1 << 30);
  EXPECT_EQ(scales.output_shift, 1);
}

}  // namespace
}  // namespace fovea
