// SPDX-License-Identifier: Apache-2.0
// Queries and keys that turn on their way, through the C interface: the
// committed bits of the C++ templates, on every target that this CPU can run.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <vector>

#include "fovea/fovea.h"
#include "tests/golden/c_call.h"
#include "tests/golden/check.h"
#include "tests/golden/every_target.h"
#include "tests/golden/golden.h"
#include "tests/golden/rotary_attention_case.h"

namespace fovea::golden {
namespace {

#include "tests/golden/rotary_attention.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/rotary_attention_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/rotary_attention_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

class CProblem {
 public:
  explicit CProblem(const RotaryCase& c)
      : c_(c),
        rates_(c.rotary_dim / 2u),
        q_(RotaryValues(c, 0, c.heads, kFactorOfQueries)),
        k_(RotaryValues(c, 1, c.kv_heads, 1.0f)),
        v_(RotaryValues(c, 2, c.kv_heads, 1.0f)),
        out_(q_.size()),
        room_(c.head_dim, c.head_dim),
        cache_(ShapeOf(c)) {
    const auto scaling = static_cast<fovea_rope_scaling>(c.rope.scaling);
    EXPECT_EQ(fovea_rope_rates(c.rotary_dim, c.rope.base, scaling,
                               c.rope.factor, rates_.data()),
              FOVEA_OK);
    rotary_.struct_bytes = sizeof(rotary_);
    rotary_.turner = fovea_rope_turner();
    rotary_.rates = rates_.data();
    rotary_.dim = c.rotary_dim;
    rotary_.interleaved = c.interleaved;
    rotary_.position = c.first_position;
  }

  // In chunks of some tokens, or all at once.
  uint64_t Stepped(size_t most) {
    for (size_t first = 0; first < c_.tokens; first += most) {
      const size_t count = std::min(most, c_.tokens - first);
      fovea_attention& call = Fill(first, count);
      EXPECT_EQ(fovea_cache_step(cache_.cache, &call), FOVEA_OK) << c_.name;
    }
    return HashOfOut();
  }

  uint64_t AppendedAndAttended() {
    for (size_t t = 0; t < c_.tokens; ++t) {
      fovea_attention& call = Fill(t, 1);
      EXPECT_EQ(
          fovea_cache_append_turned(cache_.cache, call.k, call.v, 1, &rotary_),
          FOVEA_OK);
      call.first_position = static_cast<int64_t>(t);
      EXPECT_EQ(fovea_cache_attend(cache_.cache, &call), FOVEA_OK) << c_.name;
    }
    return HashOfOut();
  }

  // On tensors, whose keys are turned before.
  uint64_t Run() {
    fovea_rope keys = {};
    keys.struct_bytes = sizeof(keys);
    const size_t row = size_t{c_.kv_heads} * c_.head_dim;
    keys.x = {k_.data(), 0, c_.head_dim, row};
    keys.batch = 1, keys.heads = c_.kv_heads, keys.tokens = c_.tokens;
    keys.dim = c_.rotary_dim, keys.interleaved = c_.interleaved;
    keys.rates = rates_.data(), keys.first_position = c_.first_position;
    EXPECT_EQ(fovea_rope_run(&keys), FOVEA_OK);
    const fovea_attention& call = Fill(0, c_.tokens);
    EXPECT_EQ(fovea_attention_run(&call), FOVEA_OK) << c_.name;
    return HashOfOut();
  }

  fovea_attention& Fill(size_t first, size_t count) {
    fovea_attention& call = room_.call;
    const size_t dim = c_.head_dim;
    const size_t row = c_.heads * dim, kv_row = c_.kv_heads * dim;
    call.batch = 1, call.heads = c_.heads, call.kv_heads = c_.kv_heads;
    call.queries = call.keys = count, call.causal = 1;
    call.window = c_.window, call.sinks = c_.sinks;
    call.q = {q_.data() + first * row, 0, dim, row};
    call.k = {k_.data() + first * kv_row, 0, dim, kv_row};
    call.v = {v_.data() + first * kv_row, 0, dim, kv_row};
    call.out = {out_.data() + first * row, 0, dim, row};
    call.rotary = &rotary_;
    return call;
  }

  fovea_rotary& rotary() { return rotary_; }
  fovea_cache* cache() { return cache_.cache; }

 private:
  // With a window it is a ring.
  static fovea_cache_shape ShapeOf(const RotaryCase& c) {
    fovea_cache_shape shape = {};
    shape.struct_bytes = sizeof(shape);
    shape.kv_heads = c.kv_heads;
    shape.head_dim = shape.value_dim = c.head_dim;
    shape.capacity = c.tokens;
    shape.element = FOVEA_FLOAT32;
    shape.window = c.window, shape.sinks = c.sinks;
    shape.max_queries = 20;
    return shape;
  }

  uint64_t HashOfOut() const {
    Hash hash;
    hash.Add(out_.data(), out_.size());
    return hash.value();
  }

  const RotaryCase& c_;
  std::vector<uint64_t> rates_;
  std::vector<float> q_, k_, v_, out_;
  fovea_rotary rotary_ = {};
  CCall room_;
  CCache cache_;
};

template <class Hashed>
void ExpectTheCommittedBits(const Hashed& hashed) {
  ForEachTarget([&] {
    for (const RotaryCase& c : kRotaryAttentionCases) {
      CProblem problem(c);
      ExpectCommitted(kHashes, c.name, hashed(problem));
    }
  });
}

TEST(CRotaryAttentionGolden, StepsHaveTheCommittedBitsOnEveryTarget) {
  ExpectTheCommittedBits([](CProblem& p) { return p.Stepped(1000); });
}

TEST(CRotaryAttentionGolden, SoDoChunks) {
  ExpectTheCommittedBits([](CProblem& p) { return p.Stepped(7); });
}

TEST(CRotaryAttentionGolden, SoDoTokensThatAreAppendedFirst) {
  ExpectTheCommittedBits([](CProblem& p) { return p.AppendedAndAttended(); });
}

TEST(CRotaryAttentionGolden, SoDoTensorsWhoseKeysAreTurned) {
  ExpectTheCommittedBits([](CProblem& p) { return p.Run(); });
}

TEST(CRotaryAttentionGolden, RefusesWhatTurnsNothing) {
  const auto expect = [](fovea_status expected, auto change) {
    CProblem problem(kRotaryAttentionCases[1]);
    const fovea_attention& call = problem.Fill(0, 5);
    change(problem.rotary());
    EXPECT_EQ(fovea_attention_run(&call), expected);
    EXPECT_EQ(fovea_cache_step(problem.cache(), &call), expected);
    EXPECT_EQ(fovea_cache_append_turned(problem.cache(), call.k, call.v, 5,
                                        call.rotary),
              expected);
    EXPECT_EQ(fovea_cache_size(problem.cache()), 0u);
  };
  using Rotary = fovea_rotary;
  static const uint64_t zeros[128] = {};
  expect(FOVEA_TOO_SHORT, [](Rotary& r) { --r.struct_bytes; });
  expect(FOVEA_NULL_POINTER, [](Rotary& r) { r.turner = nullptr; });
  expect(FOVEA_NULL_POINTER, [](Rotary& r) { r.rates = nullptr; });
  expect(FOVEA_ZERO_COUNT, [](Rotary& r) { r.dim = 0; });
  expect(FOVEA_TOO_MANY_TOKENS, [](Rotary& r) { r.dim = 66; });
  expect(FOVEA_UNSUPPORTED, [](Rotary& r) { r.dim = 5; });
  expect(FOVEA_BAD_SCALE, [](Rotary& r) { r.rates = zeros; });
}

}  // namespace
}  // namespace fovea::golden
