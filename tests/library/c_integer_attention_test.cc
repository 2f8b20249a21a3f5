// SPDX-License-Identifier: Apache-2.0
// Integer attention through the C interface: the integers of the plain
// reference, the committed hashes and the templates, on every target that this
// CPU can run.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "fovea/fovea.h"
#include "fovea/integer_attention.h"
#include "fovea/integer_kv_cache.h"
#include "tests/dice.h"
#include "tests/golden/c_call.h"
#include "tests/golden/every_target.h"
#include "tests/golden/poison.h"
#include "tests/integer_streams.h"
#include "tests/reference/integer_attention_reference.h"

namespace fovea {
namespace {

using golden::Buffer;

fovea_integer_scales ScalesOf(const IntegerScales& of) {
  return {of.score_multiplier, of.output_multiplier, of.output_shift,
          of.query_zero,       of.value_zero,        of.output_zero};
}

// A call with tensors and a workspace of its own: [batch][head][token] or
// [batch][token][head], with gaps between the rows.
struct CInteger {
  struct Sizes {
    size_t batch, heads, kv_heads, head_dim, value_dim, queries, keys;
  };

  CInteger(Dice& dice, const Sizes& sizes) {
    token_major = dice.Roll(0, 1), gap = dice.Roll(0, 5);
    call.struct_bytes = sizeof(call);
    call.batch = sizes.batch;
    call.heads = sizes.heads, call.kv_heads = sizes.kv_heads;
    call.head_dim = sizes.head_dim, call.value_dim = sizes.value_dim;
    call.queries = sizes.queries, call.keys = sizes.keys;
    call.q = Filled(dice, q, sizes.heads, sizes.queries, sizes.head_dim);
    call.k = Filled(dice, k, sizes.kv_heads, sizes.keys, sizes.head_dim);
    call.v = Filled(dice, v, sizes.kv_heads, sizes.keys, sizes.value_dim);
    const fovea_int8_input like =
        Filled(dice, out, sizes.heads, sizes.queries, sizes.value_dim);
    call.out = {out.data(), like.batch_stride, like.head_stride,
                like.token_stride};
    std::fill(out.begin(), out.end(), int8_t{99});
    SetScales(dice);
    call.scales = &scales;
    MakeRoom();
  }
  CInteger(const CInteger&) = delete;

  // From flat rows to ones that see a single key, and every sign of zeros.
  void SetScales(Dice& dice) {
    const size_t shift = dice.Roll(0, 24);
    scales.score_multiplier = static_cast<uint32_t>(dice.Roll(1, 255)) << shift;
    scales.output_multiplier =
        static_cast<int32_t>((1u << 30) + dice.Roll(0, (1u << 23) - 1) * 128);
    scales.output_shift = static_cast<int32_t>(dice.Roll(0, 13)) - 7;
    if (dice.Roll(0, 1)) scales.query_zero = dice.Byte();
    if (dice.Roll(0, 1)) scales.value_zero = dice.Byte();
    scales.output_zero = dice.Byte();
  }

  fovea_int8_input Filled(Dice& dice, std::vector<int8_t>& to, size_t heads,
                          size_t tokens, size_t dim) const {
    const size_t row = dim + gap, entry = heads * tokens * row;
    to.resize(call.batch * entry);
    for (auto& x : to) x = dice.Byte();
    if (token_major) return {to.data(), entry, row, heads * row};
    return {to.data(), entry, tokens * row, row};
  }

  void SetMask(Dice& dice) {
    const size_t keys = dice.Roll(1, call.keys);
    mask.resize(call.heads * call.queries * keys);
    const size_t shown = dice.Roll(0, 10);
    for (auto& x : mask) x = dice.Roll(0, 9) < shown ? 7 : 0;
    call.mask = {mask.data(), 0, call.queries * keys, keys};
    call.mask_keys = keys;
    if (dice.Roll(0, 1)) call.mask.head_stride = 0;
  }

  // Any options, which go together.
  void SetOptions(Dice& dice) {
    call.causal = dice.Roll(0, 1);
    call.first_position = static_cast<int64_t>(dice.Roll(0, 400)) - 60;
    if (dice.Roll(0, 2) == 0) call.window = dice.Roll(1, 150);
    if (call.window != 0) call.sinks = dice.Roll(0, 70);
    if (dice.Roll(0, 2) == 0) SetMask(dice);
    if (dice.Roll(0, 2) != 0) return;
    for (size_t b = 0; b < call.batch; ++b) {
      lengths.push_back(dice.Roll(0, call.keys));
    }
    call.key_lengths = lengths.data();
  }

  // As much as it needs on the target in use.
  void MakeRoom() {
    const size_t rows = call.queries * (call.heads / call.kv_heads);
    room = std::make_unique<Buffer>(fovea_integer_attention_workspace_bytes(
        call.head_dim, call.value_dim, rows));
    call.workspace = room->get(), call.workspace_bytes = room->bytes();
  }

  bool Sees(size_t b, size_t head, size_t query, size_t key) const {
    const int64_t p = static_cast<int64_t>(query) + call.first_position;
    const int64_t j = static_cast<int64_t>(key);
    const int64_t window = static_cast<int64_t>(call.window);
    if (call.causal && j > p) return false;
    if (window > 0 && key >= call.sinks &&
        (p - j >= window || j - p >= window)) {
      return false;
    }
    if (call.mask.data != nullptr) {
      if (key >= call.mask_keys) return false;
      const size_t at =
          head * call.mask.head_stride + query * call.mask.token_stride + key;
      if (mask[at] == 0) return false;
    }
    return key < (call.key_lengths ? call.key_lengths[b] : call.keys);
  }

  template <class View>
  static auto RowOf(const View& view, size_t b, size_t head, size_t token) {
    return view.data + b * view.batch_stride + head * view.head_stride +
           token * view.token_stride;
  }

  std::vector<int8_t> Expected() const {
    std::vector<int8_t> all = out;
    for (size_t b = 0; b < call.batch; ++b) {
      for (size_t head = 0; head < call.heads; ++head) {
        for (size_t query = 0; query < call.queries; ++query) {
          const auto row = ExpectedRow(b, head, query);
          const int8_t* to = RowOf(call.out, b, head, query);
          std::copy(row.begin(), row.end(), all.begin() + (to - out.data()));
        }
      }
    }
    return all;
  }

  std::vector<int8_t> ExpectedRow(size_t b, size_t head, size_t query) const {
    const size_t kv_head = head / (call.heads / call.kv_heads);
    std::vector<int8_t> keys, values;
    reference::IntegerRow row{};
    for (size_t key = 0; key < call.keys; ++key) {
      const int8_t* from = RowOf(call.k, b, kv_head, key);
      keys.insert(keys.end(), from, from + call.head_dim);
      from = RowOf(call.v, b, kv_head, key);
      values.insert(values.end(), from, from + call.value_dim);
      row.visible.push_back(Sees(b, head, query, key));
    }
    row.q = RowOf(call.q, b, head, query);
    row.keys = keys.data(), row.values = values.data();
    row.head_dim = call.head_dim, row.value_dim = call.value_dim;
    row.score_multiplier = scales.score_multiplier;
    row.output_multiplier = scales.output_multiplier;
    row.output_shift = scales.output_shift;
    row.query_zero = scales.query_zero;
    row.value_zero = scales.value_zero;
    row.output_zero = scales.output_zero;
    return reference::IntegerAttention(row);
  }

  bool token_major = false;
  size_t gap = 0;
  std::vector<int8_t> q, k, v, out;
  std::vector<uint8_t> mask;
  std::vector<size_t> lengths;
  fovea_integer_scales scales = {};
  std::unique_ptr<Buffer> room;
  fovea_integer_attention call = {};
};

CInteger::Sizes RandomSizes(Dice& dice) {
  const size_t kv_heads = dice.Roll(1, 3), group = dice.Roll(1, 4);
  const size_t most = dice.Roll(0, 3) == 0 ? 256 : 70;
  const size_t dim = dice.Roll(1, most);
  const size_t value_dim = dice.Roll(0, 1) ? dim : dice.Roll(1, most);
  return {dice.Roll(1, 2), kv_heads * group, kv_heads,         dim,
          value_dim,       dice.Roll(1, 20), dice.Roll(1, 200)};
}

TEST(CIntegerAttention, HasTheIntegersOfTheReference) {
  for (uint32_t i = 0; i < 60; ++i) {
    Dice dice(i);
    CInteger c(dice, RandomSizes(dice));
    c.SetOptions(dice);
    const auto before = c.out, expected = c.Expected();
    const size_t parts = dice.Roll(0, 4);
    golden::ForEachTarget([&] {
      c.out = before;
      c.call.out.data = c.out.data();
      c.MakeRoom();
      for (c.call.part = 0; c.call.part < std::max<size_t>(1, parts);
           ++c.call.part) {
        c.call.parts = parts;
        ASSERT_EQ(fovea_integer_attention_run(&c.call), FOVEA_OK);
      }
      ASSERT_EQ(c.out, expected) << "problem " << i;
    });
  }
}

// ----------------------------------------------------------------------- cache

struct CIntegerCache {
  explicit CIntegerCache(const fovea_integer_cache_shape& of)
      : shape(of), room(fovea_integer_cache_bytes(&shape)) {
    status =
        fovea_integer_cache_create(&shape, room.get(), room.bytes(), &cache);
  }
  CIntegerCache(const fovea_integer_attention& call, size_t capacity)
      : CIntegerCache(ShapeOf(call, capacity)) {}

  static fovea_integer_cache_shape ShapeOf(const fovea_integer_attention& call,
                                           size_t capacity) {
    fovea_integer_cache_shape shape = {};
    shape.struct_bytes = sizeof(shape);
    shape.kv_heads = call.kv_heads;
    shape.head_dim = call.head_dim, shape.value_dim = call.value_dim;
    shape.capacity = capacity;
    return shape;
  }
  static fovea_integer_cache_shape RingOf(const fovea_integer_attention& call,
                                          size_t max_queries) {
    fovea_integer_cache_shape shape = ShapeOf(call, 0);
    shape.window = call.window, shape.sinks = call.sinks;
    shape.max_queries = max_queries;
    return shape;
  }

  fovea_integer_cache_shape shape;
  Buffer room;
  fovea_integer_cache* cache = nullptr;
  fovea_status status;
};

// `count` queries from `first` on, of a call whose queries are its keys.
fovea_integer_attention Cut(const CInteger& c, size_t first, size_t count) {
  fovea_integer_attention call = c.call;
  call.q.data = CInteger::RowOf(call.q, 0, 0, first);
  call.k.data = CInteger::RowOf(call.k, 0, 0, first);
  call.v.data = CInteger::RowOf(call.v, 0, 0, first);
  call.out.data = CInteger::RowOf(call.out, 0, 0, first);
  call.queries = count;
  return call;
}

// In chunks, some of a single token, with tokens that were taken back.
void StepAll(const CInteger& c, Dice& dice, fovea_integer_cache* cache) {
  for (size_t t = 0; t < c.call.keys;) {
    const size_t most = std::min<size_t>(70, c.call.keys - t);
    const size_t count = t % 3 == 0 ? 1 : dice.Roll(1, most);
    const auto call = Cut(c, t, count);
    ASSERT_EQ(fovea_integer_cache_step(cache, &call), FOVEA_OK);
    t += count;
    ASSERT_EQ(fovea_integer_cache_position(cache), t);
    if (dice.Roll(0, 3) != 0) continue;
    const fovea_status status = fovea_integer_cache_truncate(cache, 1);
    if (status == FOVEA_FORGOTTEN) continue;
    ASSERT_EQ(status, FOVEA_OK);
    --t;
  }
}

// A causal stream of 450 tokens.
CInteger::Sizes StreamSizes() { return {1, 4, 2, 21, 14, 450, 450}; }

TEST(CIntegerCache, HasTheSameIntegersHoweverAStreamIsCut) {
  const size_t windows[][3] = {{0, 0, 0},   {70, 5, 0}, {1, 0, 1},
                               {64, 0, 1},  {20, 3, 7}, {64, 64, 97},
                               {130, 70, 8}};
  Dice dice(3);
  for (const auto& sizes : windows) {
    const size_t window = sizes[0], sinks = sizes[1], ring = sizes[2];
    CInteger c(dice, StreamSizes());
    c.call.causal = 1, c.call.window = window, c.call.sinks = sinks;
    const auto before = c.out, expected = c.Expected();
    golden::ForEachTarget([&] {
      std::copy(before.begin(), before.end(), c.out.begin());
      c.MakeRoom();
      const CIntegerCache cache(
          ring == 0 ? CIntegerCache::ShapeOf(c.call, c.call.keys)
                    : CIntegerCache::RingOf(c.call, ring));
      ASSERT_EQ(cache.status, FOVEA_OK);
      StepAll(c, dice, cache.cache);
      ASSERT_EQ(c.out, expected) << window << ", " << ring;

      // The last rows again, in parts, from a cache that only appended.
      ASSERT_EQ(fovea_integer_cache_clear(cache.cache), FOVEA_OK);
      ASSERT_EQ(fovea_integer_cache_append(cache.cache, c.call.k, c.call.v,
                                           c.call.keys),
                FOVEA_OK);
      auto call = Cut(c, c.call.keys - 1, 1);
      memset(call.out.data, 0, call.value_dim);
      call.first_position = static_cast<int64_t>(c.call.keys - 1);
      for (call.part = 0, call.parts = 3; call.part < 3; ++call.part) {
        ASSERT_EQ(fovea_integer_cache_attend(cache.cache, &call), FOVEA_OK);
      }
      ASSERT_EQ(c.out, expected) << window << ", " << ring;
    });
  }
}

// Not causal, with a mask of some of the keys.
TEST(CIntegerCache, TakesMasks) {
  Dice dice(4);
  CInteger c(dice, {1, 6, 2, 13, 66, 19, 200});
  c.SetMask(dice);
  const auto expected = c.Expected();
  const CIntegerCache cache(c.call, 200);
  ASSERT_EQ(fovea_integer_cache_append(cache.cache, c.call.k, c.call.v, 200),
            FOVEA_OK);
  ASSERT_EQ(fovea_integer_cache_attend(cache.cache, &c.call), FOVEA_OK);
  EXPECT_EQ(c.out, expected);
}

// ------------------------------------------------------------- committed bits

// A problem of integer_streams.h through C, in chunks: the hash of its outputs.
template <class Config>
class CStream {
  using R = ResolvedInteger<Config>;
  static constexpr size_t kTokens = R::kMaxKeys;

 public:
  CStream(uint32_t seed, const IntegerScales& scales)
      : scales_(ScalesOf(scales)) {
    integer_streams::Bytes bytes(seed);
    for (auto* tensor : {&q_, &k_, &v_}) {
      for (auto& x : *tensor) x = static_cast<int8_t>(bytes.Next());
    }
    for (auto& x : mask_) x = bytes.Next() < 100;
  }

  uint64_t HashOfChunks(size_t chunk) {
    fovea_integer_attention call = Call(chunk);
    const Buffer room(fovea_integer_attention_workspace_bytes(
        R::kHeadDim, R::kValueDim, chunk * R::kGroup));
    call.workspace = room.get(), call.workspace_bytes = room.bytes();
    const CIntegerCache cache(call, kTokens);
    for (size_t t = 0; t < kTokens; t += chunk) {
      call.queries = std::min(chunk, kTokens - t);
      call.q.data = q_.data() + t * call.q.token_stride;
      call.k.data = k_.data() + t * call.k.token_stride;
      call.v.data = v_.data() + t * call.v.token_stride;
      call.out.data = out_.data() + t * call.out.token_stride;
      if (R::kMask == MaskKind::kBoolean) {
        call.mask = {mask_.data() + t % 7, 0, 0, kTokens};
        call.mask_keys = t + call.queries;
      }
      EXPECT_EQ(fovea_integer_cache_step(cache.cache, &call), FOVEA_OK);
    }
    integer_streams::Hash hash;
    for (const int8_t x : out_) hash.Add(x);
    return hash.value();
  }

 private:
  fovea_integer_attention Call(size_t chunk) {
    fovea_integer_attention call = {};
    call.struct_bytes = sizeof(call);
    call.batch = 1, call.heads = R::kHeads, call.kv_heads = R::kKvHeads;
    call.head_dim = R::kHeadDim, call.value_dim = R::kValueDim;
    call.queries = chunk, call.causal = R::kCausal;
    call.window = R::kWindow, call.sinks = R::kSinks;
    call.q = {nullptr, 0, R::kHeadDim, R::kHeads * R::kHeadDim};
    call.k = {nullptr, 0, R::kHeadDim, R::kKvHeads * R::kHeadDim};
    call.v = {nullptr, 0, R::kValueDim, R::kKvHeads * R::kValueDim};
    call.out = {nullptr, 0, R::kValueDim, R::kHeads * R::kValueDim};
    call.scales = &scales_;
    return call;
  }

  using Bytes = std::vector<int8_t>;
  fovea_integer_scales scales_;
  Bytes q_ = Bytes(R::kHeads * kTokens * R::kHeadDim);
  Bytes k_ = Bytes(R::kKvHeads * kTokens * R::kHeadDim);
  Bytes v_ = Bytes(R::kKvHeads * kTokens * R::kValueDim);
  Bytes out_ = Bytes(R::kHeads * kTokens * R::kValueDim);
  std::vector<uint8_t> mask_ =
      std::vector<uint8_t>(R::kMaxQueries * kTokens + 8);
};

// Those of integer_hashes.h, to which the templates are held.
TEST(CIntegerCache, HasTheCommittedBitsOnEveryTarget) {
  using namespace integer_streams;
  golden::ForEachTarget([] {
    EXPECT_EQ(CStream<Small>(1, kSmallScales).HashOfChunks(3),
              0xbfc4030cb501447du);
    EXPECT_EQ(CStream<Odd>(2, kOddScales).HashOfChunks(1), 0x00225ef19f77bbffu);
    EXPECT_EQ(CStream<Single>(3, kSingleScales).HashOfChunks(1),
              0x15ebf98311ea624fu);
    EXPECT_EQ(CStream<Large>(4, kSmallScales).HashOfChunks(7),
              0xaab0e8d42460d86du);
    EXPECT_EQ(CStream<LargeOdd>(5, kOddScales).HashOfChunks(9),
              0xcc035fc210306e5du);
    EXPECT_EQ(CStream<LargeSingle>(6, kSingleScales).HashOfChunks(1),
              0x3c8266d488d5ed41u);
    EXPECT_EQ(CStream<Masked>(7, kSmallScales).HashOfChunks(20),
              0xdeaeb8aa8ed03b0bu);
    EXPECT_EQ(CStream<Masked>(8, kFlatScales).HashOfChunks(20),
              0x8ba2c95b06205e81u);
  });
}

// ----------------------------------------------------------------- saved bytes

struct Whole : IntegerAttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 21;
  static constexpr size_t kValueDim = 14, kMaxQueries = 1, kMaxKeys = 450;
  static constexpr bool kCausal = true;
};
struct Ring : Whole {
  static constexpr bool kRing = true;
  static constexpr size_t kWindow = 100, kSinks = 5, kMaxQueries = 8;
};

// What either saves, the other restores; and it goes on.
template <class Config>
void SaveAndRestoreAsTheTemplate() {
  using R = ResolvedInteger<Config>;
  constexpr size_t kCut = 333;
  Dice dice(5);
  CInteger c(dice, StreamSizes());
  c.call.causal = 1, c.call.window = R::kWindow, c.call.sinks = R::kSinks;
  const auto expected = c.Expected();
  const CIntegerCache cache(R::kRing
                                ? CIntegerCache::RingOf(c.call, R::kMaxQueries)
                                : CIntegerCache::ShapeOf(c.call, R::kMaxKeys));
  const auto same = golden::MakePoisoned<IntegerKvCache<Config>>();
  EXPECT_EQ(fovea_integer_cache_capacity(cache.cache), same->capacity());
  same->Clear();
  const auto& [k, v] = std::tie(c.call.k, c.call.v);
  ASSERT_EQ(fovea_integer_cache_append(cache.cache, k, v, kCut), FOVEA_OK);
  ASSERT_EQ(same->Append({k.data, 0, k.head_stride, k.token_stride},
                         {v.data, 0, v.head_stride, v.token_stride}, kCut),
            Status::kOk);
  EXPECT_EQ(fovea_integer_cache_size(cache.cache), same->size());
  const Buffer saved(fovea_integer_cache_saved_bytes(cache.cache));
  const Buffer by_template(same->SavedBytes());
  ASSERT_EQ(saved.bytes(), by_template.bytes());
  ASSERT_EQ(same->Save(by_template.get(), by_template.bytes()), Status::kOk);
  ASSERT_EQ(fovea_integer_cache_save(cache.cache, saved.get(), saved.bytes()),
            FOVEA_OK);
  EXPECT_EQ(memcmp(saved.get(), by_template.get(), saved.bytes()), 0);
  EXPECT_EQ(same->Restore(saved.get(), saved.bytes()), Status::kOk);

  const CIntegerCache other(cache.shape);
  ASSERT_EQ(fovea_integer_cache_restore(other.cache, by_template.get(),
                                        by_template.bytes()),
            FOVEA_OK);
  EXPECT_EQ(fovea_integer_cache_position(other.cache), kCut);
  const auto call = Cut(c, kCut, 450 - kCut);
  ASSERT_EQ(fovea_integer_cache_step(other.cache, &call), FOVEA_OK);
  for (size_t head = 0; head < 4; ++head) {
    for (size_t t = kCut; t < 450; ++t) {
      const int8_t* row = CInteger::RowOf(c.call.out, 0, head, t);
      ASSERT_EQ(memcmp(row, expected.data() + (row - c.out.data()), 14), 0);
    }
  }

  // Whatever is not such a cache changes nothing.
  const auto restore = [&](const void* from, size_t bytes) {
    return fovea_integer_cache_restore(cache.cache, from, bytes);
  };
  auto* bytes = static_cast<unsigned char*>(saved.get());
  EXPECT_EQ(restore(nullptr, 64), FOVEA_NULL_POINTER);
  EXPECT_EQ(restore(bytes + 1, saved.bytes()), FOVEA_MISALIGNED);
  EXPECT_EQ(restore(bytes, 63), FOVEA_TOO_SHORT);
  EXPECT_EQ(restore(bytes, saved.bytes() - 1), FOVEA_TOO_SHORT);
  bytes[6] ^= 1;
  EXPECT_EQ(restore(bytes, saved.bytes()), FOVEA_BAD_FORMAT);
  bytes[6] ^= 1, bytes[saved.bytes() - 1] ^= 1;
  EXPECT_EQ(restore(bytes, saved.bytes()), FOVEA_BAD_FORMAT);
  EXPECT_EQ(fovea_integer_cache_save(cache.cache, nullptr, 1),
            FOVEA_NULL_POINTER);
  EXPECT_EQ(fovea_integer_cache_save(cache.cache, bytes + 1, 1 << 20),
            FOVEA_MISALIGNED);
  EXPECT_EQ(fovea_integer_cache_save(cache.cache, bytes, saved.bytes() - 1),
            FOVEA_TOO_SHORT);
  EXPECT_EQ(fovea_integer_cache_position(cache.cache), kCut);
}

TEST(CIntegerCache, SavesAndRestoresAsTheTemplate) {
  SaveAndRestoreAsTheTemplate<Whole>();
  SaveAndRestoreAsTheTemplate<Ring>();
}

// ------------------------------------------------------------------- refusals

TEST(CIntegerAttention, MakesTheScalesOfTheTemplate) {
  fovea_integer_real real = {};
  real.struct_bytes = sizeof(real), real.head_dim = 32;
  real.q = {0.011, 3}, real.k = {0.011, -7}, real.v = {0.02, 5};
  real.out = {0.011, -9};
  const fovea_integer_scales expected = ScalesOf(integer_streams::kSmallScales);
  fovea_integer_scales scales = {};
  ASSERT_EQ(fovea_integer_attention_scales(&real, &scales), FOVEA_OK);
  EXPECT_EQ(memcmp(&scales, &expected, sizeof(scales)), 0);
  const auto expect = [&](fovea_status status, auto change) {
    fovea_integer_real bad = real;
    change(bad);
    EXPECT_EQ(fovea_integer_attention_scales(&bad, &scales), status);
    EXPECT_EQ(memcmp(&scales, &expected, sizeof(scales)), 0);
  };
  using Real = fovea_integer_real;
  expect(FOVEA_TOO_SHORT, [](Real& r) { --r.struct_bytes; });
  expect(FOVEA_ZERO_COUNT, [](Real& r) { r.head_dim = 0; });
  expect(FOVEA_TOO_MANY_TOKENS, [](Real& r) { r.head_dim = 257; });
  expect(FOVEA_BAD_SCALE, [](Real& r) { r.v.scale = 0; });
  expect(FOVEA_BAD_SCALE, [](Real& r) { r.q.zero_point = 128; });
  expect(FOVEA_BAD_SCALE, [](Real& r) { r.softmax_scale = -1; });
  expect(FOVEA_BAD_SCALE, [](Real& r) { r.q.scale = 1e6; });
  expect(FOVEA_BAD_SCALE, [](Real& r) { r.out.scale = 1e-9; });
  EXPECT_EQ(fovea_integer_attention_scales(nullptr, &scales),
            FOVEA_NULL_POINTER);
  EXPECT_EQ(fovea_integer_attention_scales(&real, nullptr), FOVEA_NULL_POINTER);
}

template <class Run>
void ExpectRefused(fovea_status expected, const Run& run) {
  Dice dice(6);
  CInteger c(dice, {2, 4, 2, 16, 8, 3, 40});
  const auto before = c.out;
  EXPECT_EQ(run(c), expected);
  EXPECT_EQ(c.out, before);
}

TEST(CIntegerAttention, RefusesWhatItCannotDo) {
  static const size_t lengths[] = {40, 41};
  static const uint8_t mask[3 * 40] = {};
  using C = CInteger;
  const auto expect = [](fovea_status expected, auto change) {
    ExpectRefused(expected, [&](C& c) {
      change(c);
      return fovea_integer_attention_run(&c.call);
    });
  };
  expect(FOVEA_TOO_SHORT, [](C& c) { --c.call.struct_bytes; });
  expect(FOVEA_NULL_POINTER, [](C& c) { c.call.q.data = nullptr; });
  expect(FOVEA_NULL_POINTER, [](C& c) { c.call.k.data = nullptr; });
  expect(FOVEA_NULL_POINTER, [](C& c) { c.call.v.data = nullptr; });
  expect(FOVEA_NULL_POINTER, [](C& c) { c.call.out.data = nullptr; });
  expect(FOVEA_NULL_POINTER, [](C& c) { c.call.scales = nullptr; });
  expect(FOVEA_NULL_POINTER, [](C& c) { c.call.workspace = nullptr; });
  expect(FOVEA_ZERO_COUNT, [](C& c) { c.call.batch = 0; });
  expect(FOVEA_ZERO_COUNT, [](C& c) { c.call.heads = 0; });
  expect(FOVEA_ZERO_COUNT, [](C& c) { c.call.kv_heads = 0; });
  expect(FOVEA_ZERO_COUNT, [](C& c) { c.call.head_dim = 0; });
  expect(FOVEA_ZERO_COUNT, [](C& c) { c.call.value_dim = 0; });
  expect(FOVEA_ZERO_COUNT, [](C& c) { c.call.queries = 0; });
  expect(FOVEA_ZERO_COUNT, [](C& c) { c.call.keys = 0; });
  expect(FOVEA_TOO_MANY_TOKENS, [](C& c) { c.call.keys = 32769; });
  expect(FOVEA_TOO_MANY_TOKENS, [](C& c) { c.call.head_dim = 257; });
  expect(FOVEA_TOO_MANY_TOKENS, [](C& c) { c.call.key_lengths = lengths; });
  expect(FOVEA_TOO_MANY_TOKENS, [](C& c) { c.call.window = 1 << 25; });
  expect(FOVEA_TOO_MANY_TOKENS,
         [](C& c) { c.call.mask = {mask, 0, 0, 40}, c.call.mask_keys = 41; });
  expect(FOVEA_BAD_STRIDE, [](C& c) { c.call.q.head_stride = 1; });
  expect(FOVEA_BAD_STRIDE, [](C& c) { c.call.k.token_stride = 0; });
  expect(FOVEA_BAD_STRIDE, [](C& c) { c.call.out.batch_stride = 0; });
  expect(FOVEA_BAD_STRIDE, [](C& c) { c.call.mask = {mask, 0, 0, 39}; });
  expect(FOVEA_BAD_SCALE, [](C& c) { c.scales.output_multiplier = 1; });
  expect(FOVEA_BAD_SCALE, [](C& c) { c.scales.output_shift = 20; });
  expect(FOVEA_BAD_SCALE, [](C& c) { c.scales.output_shift = -32; });
  expect(FOVEA_BAD_SCALE, [](C& c) { c.scales.query_zero = 128; });
  expect(FOVEA_BAD_SCALE, [](C& c) { c.scales.value_zero = -129; });
  expect(FOVEA_BAD_SCALE, [](C& c) { c.scales.output_zero = 128; });
  expect(FOVEA_MISALIGNED, [](C& c) {
    c.call.workspace = static_cast<char*>(c.call.workspace) + 16;
  });
  expect(FOVEA_TOO_SHORT, [](C& c) { --c.call.workspace_bytes; });
  expect(FOVEA_BAD_PART, [](C& c) { c.call.part = 1; });
  expect(FOVEA_BAD_PART, [](C& c) { c.call.parts = 65537; });
  expect(FOVEA_UNSUPPORTED, [](C& c) { c.call.heads = 5; });
  expect(FOVEA_UNSUPPORTED, [](C& c) { c.call.sinks = 1; });
  expect(FOVEA_UNSUPPORTED, [](C& c) { c.call.batch = SIZE_MAX; });
  EXPECT_EQ(fovea_integer_attention_run(nullptr), FOVEA_NULL_POINTER);
  EXPECT_EQ(fovea_integer_attention_workspace_bytes(0, 1, 1), 0u);
  EXPECT_EQ(fovea_integer_attention_workspace_bytes(1, 257, 1), 0u);
  EXPECT_EQ(fovea_integer_attention_workspace_bytes(1, 1, 0), 0u);
  EXPECT_EQ(fovea_integer_attention_workspace_bytes(64, 64, 33),
            fovea_integer_attention_workspace_bytes(64, 64, 32));
}

TEST(CIntegerCache, RefusesWhatItCannotDo) {
  using C = CInteger;
  using Call = fovea_integer_attention;
  const auto expect = [](fovea_status expected, bool steps, size_t held,
                         bool ring, auto change) {
    ExpectRefused(expected, [&](C& c) {
      c.call.batch = 1, c.call.causal = 1;
      if (ring) c.call.window = 10, c.call.sinks = 2;
      const CIntegerCache cache(ring ? CIntegerCache::RingOf(c.call, 3)
                                     : CIntegerCache::ShapeOf(c.call, 40));
      if (held > 0) {
        EXPECT_EQ(
            fovea_integer_cache_append(cache.cache, c.call.k, c.call.v, held),
            FOVEA_OK);
      }
      c.call.first_position = static_cast<int64_t>(held) - 1;
      change(c.call);
      const fovea_status status =
          steps ? fovea_integer_cache_step(cache.cache, &c.call)
                : fovea_integer_cache_attend(cache.cache, &c.call);
      EXPECT_EQ(fovea_integer_cache_position(cache.cache), held);
      return status;
    });
  };
  static const uint8_t mask[3 * 40] = {};
  const auto both = [&](fovea_status expected, bool ring, auto change) {
    expect(expected, true, 30, ring, change);
    expect(expected, false, 30, ring, change);
  };
  both(FOVEA_UNSUPPORTED, false, [](Call& call) { call.head_dim = 15; });
  both(FOVEA_UNSUPPORTED, false, [](Call& call) { call.batch = 2; });
  both(FOVEA_BAD_SCALE, false, [](Call& call) {
    static const fovea_integer_scales none = {};
    call.scales = &none;
  });
  both(FOVEA_TOO_SHORT, false, [](Call& call) { call.workspace_bytes = 0; });
  both(FOVEA_UNSUPPORTED, true, [](Call& call) { call.causal = 0; });
  both(FOVEA_UNSUPPORTED, true, [](Call& call) { ++call.window; });
  both(FOVEA_UNSUPPORTED, true, [](Call& call) { --call.sinks; });
  both(FOVEA_UNSUPPORTED, true,
       [](Call& call) { call.mask = {mask, 0, 0, 40}; });
  const auto nothing = [](Call&) {};
  expect(FOVEA_CACHE_FULL, true, 38, false, nothing);
  expect(FOVEA_UNSUPPORTED, true, 30, false,
         [](Call& call) { call.parts = 2; });
  expect(FOVEA_NULL_POINTER, true, 30, false,
         [](Call& call) { call.k.data = nullptr; });
  expect(FOVEA_ZERO_COUNT, false, 0, false, nothing);
  ExpectRefused(FOVEA_FORGOTTEN, [](C& c) {
    c.call.batch = 1, c.call.causal = 1, c.call.window = 10;
    const CIntegerCache cache(CIntegerCache::RingOf(c.call, 3));
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(fovea_integer_cache_append(cache.cache, c.call.k, c.call.v, 40),
                FOVEA_OK);
    }
    EXPECT_EQ(fovea_integer_cache_truncate(cache.cache, 100), FOVEA_FORGOTTEN);
    EXPECT_EQ(fovea_integer_cache_truncate(cache.cache, 201),
              FOVEA_TOO_MANY_TOKENS);
    return fovea_integer_cache_attend(cache.cache, &c.call);
  });
}

TEST(CIntegerCache, RefusesWhatIsNone) {
  Dice dice(7);
  const CInteger c(dice, {1, 4, 2, 16, 8, 3, 40});
  const CIntegerCache cache(c.call, 40);
  ASSERT_EQ(cache.status, FOVEA_OK);
  const auto expect = [&](fovea_status expected, auto change) {
    fovea_integer_cache_shape shape = cache.shape;
    change(shape);
    fovea_integer_cache* made = nullptr;
    EXPECT_EQ(fovea_integer_cache_create(&shape, cache.room.get(),
                                         cache.room.bytes(), &made),
              expected);
    EXPECT_EQ(made, nullptr);
    EXPECT_EQ(fovea_integer_cache_bytes(&shape), 0u);
  };
  using Shape = fovea_integer_cache_shape;
  expect(FOVEA_TOO_SHORT, [](Shape& s) { --s.struct_bytes; });
  expect(FOVEA_ZERO_COUNT, [](Shape& s) { s.capacity = 0; });
  expect(FOVEA_ZERO_COUNT, [](Shape& s) { s.kv_heads = 0; });
  expect(FOVEA_TOO_MANY_TOKENS, [](Shape& s) { s.capacity = 32769; });
  expect(FOVEA_TOO_MANY_TOKENS, [](Shape& s) { s.value_dim = 257; });
  expect(FOVEA_TOO_MANY_TOKENS,
         [](Shape& s) { s.window = 32000, s.sinks = 769; });
  expect(FOVEA_UNSUPPORTED, [](Shape& s) { s.sinks = 1; });
  fovea_integer_cache* made = nullptr;
  char* room = static_cast<char*>(cache.room.get());
  const auto create = [&](void* at, size_t bytes) {
    return fovea_integer_cache_create(&cache.shape, at, bytes, &made);
  };
  EXPECT_EQ(create(nullptr, 1 << 20), FOVEA_NULL_POINTER);
  EXPECT_EQ(create(room + 1, 1 << 20), FOVEA_MISALIGNED);
  EXPECT_EQ(create(room, cache.room.bytes() - 1), FOVEA_TOO_SHORT);
  EXPECT_EQ(fovea_integer_cache_clear(nullptr), FOVEA_NULL_POINTER);
  EXPECT_EQ(fovea_integer_cache_clear(
                reinterpret_cast<fovea_integer_cache*>(room + 1)),
            FOVEA_MISALIGNED);
  // A cache of floats is none of integers, and the other way round.
  fovea_attention like = {};
  like.kv_heads = 2, like.head_dim = 16, like.value_dim = 8;
  const golden::CCache floats(like, 40, FOVEA_FLOAT32);
  auto* wrong = reinterpret_cast<fovea_integer_cache*>(floats.cache);
  EXPECT_EQ(fovea_integer_cache_append(wrong, c.call.k, c.call.v, 1),
            FOVEA_BAD_FORMAT);
  EXPECT_EQ(fovea_integer_cache_truncate(wrong, 0), FOVEA_BAD_FORMAT);
  EXPECT_EQ(fovea_integer_cache_size(wrong), 0u);
  EXPECT_EQ(fovea_integer_cache_saved_bytes(wrong), 0u);
  EXPECT_EQ(fovea_cache_clear(reinterpret_cast<fovea_cache*>(cache.cache)),
            FOVEA_BAD_FORMAT);
}

}  // namespace
}  // namespace fovea
