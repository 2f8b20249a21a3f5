// SPDX-License-Identifier: Apache-2.0
// The integer self test passes here, says what differs where a leaf computes
// another bit, and the hash it is held to belongs to right outputs.

#include "fovea/self_test_integer.h"

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <vector>

#include "tests/golden/poison.h"
#include "tests/reference/integer_attention_reference.h"

namespace fovea {
namespace {

using self_test_integer::kTokens;
using R = ResolvedInteger<self_test_integer::Config>;

TEST(SelfTestInteger, Passes) {
  const auto memory = golden::MakePoisoned<SelfTestIntegerMemory>();
  EXPECT_STREQ(SelfTestInteger(*memory), nullptr);
  EXPECT_STREQ(SelfTestInteger(*memory), nullptr);  // in used memory, too
}

// The outputs of the plain reference, [token][head][dim].
std::vector<int8_t> Reference() {
  constexpr size_t kDim = R::kHeadDim;
  std::vector<int8_t> q, k, v, out;
  self_test_integer::Inputs inputs;
  const auto fill = [&](std::vector<int8_t>& to, size_t count) {
    to.resize(to.size() + count);
    inputs.Fill(to.data() + to.size() - count, count);
  };
  const IntegerScales& scales = self_test_integer::kScales;
  for (size_t token = 0; token < kTokens; ++token) {
    fill(q, R::kHeads * kDim);
    fill(k, kDim);
    fill(v, kDim);
    for (size_t head = 0; head < R::kHeads; ++head) {
      reference::IntegerRow row{};
      row.q = q.data() + (token * R::kHeads + head) * kDim;
      row.keys = k.data(), row.values = v.data();
      row.visible.assign(token + 1, true);
      row.head_dim = row.value_dim = kDim;
      row.score_multiplier = scales.score_multiplier;
      row.output_multiplier = scales.output_multiplier;
      row.output_shift = scales.output_shift;
      row.query_zero = scales.query_zero;
      row.value_zero = scales.value_zero;
      row.output_zero = scales.output_zero;
      const auto expected = reference::IntegerAttention(row);
      out.insert(out.end(), expected.begin(), expected.end());
    }
  }
  return out;
}

uint64_t HashOf(const std::vector<int8_t>& out) {
  self_test_integer::Hash hash;
  hash.Add(out.data(), out.size());
  return hash.value();
}

TEST(SelfTestInteger, ItsHashIsOfTheReferencesOutputs) {
  std::vector<int8_t> out = Reference();
  EXPECT_EQ(HashOf(out), self_test_integer::kExpected) << HashOf(out);
  // They are no few values: the test sees what a row computes.
  std::vector<bool> seen(256);
  for (const int8_t x : out) seen[static_cast<uint8_t>(x)] = true;
  EXPECT_GE(std::count(seen.begin(), seen.end(), true), 100);
  // One bit of one output is enough.
  for (const size_t at : {size_t{0}, out.size() / 2, out.size() - 1}) {
    out[at] = static_cast<int8_t>(out[at] ^ 1);
    EXPECT_NE(HashOf(out), self_test_integer::kExpected);
    out[at] = static_cast<int8_t>(out[at] ^ 1);
  }
}

// A leaf whose output is one too much, once in a decode or a prefill.
template <bool kInDecode>
struct WrongLeaf : integer::Leaf {
  static inline size_t stored = 0;  // rows

  template <class S>
  static void StoreOutputs(const int32_t* output, size_t row,
                           const integer::RowScale& scale, int32_t zero,
                           int8_t* to) noexcept {
    integer::Leaf::template StoreOutputs<S>(output, row, scale, zero, to);
    // The prefill stores each row of the stream, then the decode does.
    const size_t wrong = kTokens * R::kHeads * (kInDecode ? 2 : 1) - 1;
    if (stored++ == wrong) to[3] = static_cast<int8_t>(to[3] ^ 1);
  }
};

template <bool kInDecode>
const char* TestOfWrongLeaf() {
  const auto memory =
      golden::MakePoisoned<SelfTestIntegerMemoryOf<WrongLeaf<kInDecode>>>();
  return SelfTestInteger(*memory);
}

TEST(SelfTestInteger, NamesTheCaseInWhichABitIsWrong) {
  EXPECT_STREQ(TestOfWrongLeaf<false>(), "integer prefill");
  EXPECT_STREQ(TestOfWrongLeaf<true>(), "integer decode");
}

}  // namespace
}  // namespace fovea
