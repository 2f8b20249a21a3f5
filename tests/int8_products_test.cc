// SPDX-License-Identifier: Apache-2.0
// Every leaf of port/int8 gives the sums of the plain one, which are those of
// the integers.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fovea/kernels/quad-inl.h"

namespace {

namespace kernels = fovea::HWY_NAMESPACE;
namespace hn = hwy::HWY_NAMESPACE;
using kernels::IntTag;
using kernels::IntVec;
using Leaf = kernels::Int8Products;
using Plain = kernels::PlainProducts;

constexpr size_t kSteps = 64;  // as many as head_dim 256 takes

int8_t Between(int32_t least, int32_t most, uint32_t& seed) {
  seed = seed * 1664525u + 1013904223u;
  const uint32_t range = static_cast<uint32_t>(most - least) + 1;
  return static_cast<int8_t>(least + static_cast<int32_t>((seed >> 8) % range));
}

struct Quads {
  int8_t factors[kSteps][4];
  int8_t columns[kSteps][kernels::kMaxLanes][4];
};

template <class FactorOf, class ColumnOf>
Quads MakeQuads(const FactorOf& factor_of, const ColumnOf& column_of) {
  Quads q;
  for (auto& factor : q.factors) {
    for (int8_t& entry : factor) entry = factor_of();
  }
  for (auto& step : q.columns) {
    for (auto& column : step) {
      for (int8_t& entry : column) entry = column_of();
    }
  }
  return q;
}

int32_t WordOf(const int8_t* quad) {
  int32_t word;
  memcpy(&word, quad, sizeof(word));
  return word;
}

template <class L>
IntVec KeySums(const Quads& q, IntVec sum) {
  int32_t factors = 0;
  for (size_t k = 0; k < kSteps; ++k) {
    const IntVec keys = kernels::LoadQuads(q.columns[k][0]);
    sum = L::AddKeys(WordOf(q.factors[k]), L::OffsetKeys(keys), sum);
    for (const int8_t entry : q.factors[k]) factors += entry;
  }
  return hn::Sub(sum, hn::Set(IntTag(), L::kKeyOffset * factors));
}

template <class L>
IntVec ValueSums(const Quads& q, IntVec sum) {
  for (size_t k = 0; k < kSteps; ++k) {
    const IntVec values = kernels::LoadQuads(q.columns[k][0]);
    sum = L::AddValues(WordOf(q.factors[k]), values, sum);
  }
  return sum;
}

void ExpectSums(const Quads& q, int32_t start, IntVec sums, const char* what) {
  HWY_ALIGN int32_t got[kernels::kMaxLanes];
  hn::Store(sums, IntTag(), got);
  for (size_t lane = 0; lane < hn::Lanes(IntTag()); ++lane) {
    int32_t sum = start;
    for (size_t k = 0; k < kSteps; ++k) {
      for (size_t i = 0; i < 4; ++i) {
        sum += int32_t{q.factors[k][i]} * q.columns[k][lane][i];
      }
    }
    ASSERT_EQ(got[lane], sum) << what << ", lane " << lane;
  }
}

void ExpectKeySums(const Quads& q) {
  const IntVec start = hn::Set(IntTag(), -12345);
  ExpectSums(q, -12345, KeySums<Plain>(q, start), "keys, plain");
  ExpectSums(q, -12345, KeySums<Leaf>(q, start), "keys, leaf");
}
void ExpectValueSums(const Quads& q) {
  const IntVec start = hn::Set(IntTag(), -12345);
  ExpectSums(q, -12345, ValueSums<Plain>(q, start), "values, plain");
  ExpectSums(q, -12345, ValueSums<Leaf>(q, start), "values, leaf");
}

TEST(Int8Products, OfAnyKeysAreTheIntegers) {
  uint32_t seed = 1;
  for (int i = 0; i < 100; ++i) {
    ExpectKeySums(MakeQuads([&] { return Between(-128, 127, seed); },
                            [&] { return Between(-128, 127, seed); }));
  }
}

TEST(Int8Products, OfAnyValuesAreTheIntegers) {
  uint32_t seed = 2;
  for (int i = 0; i < 100; ++i) {
    ExpectValueSums(MakeQuads([&] { return Between(0, 127, seed); },
                              [&] { return Between(-128, 127, seed); }));
  }
}

// Where products that are added in 16 bits would saturate.
TEST(Int8Products, OfTheExtremesAreTheIntegers) {
  for (const int8_t column : {-128, -127, 0, 127}) {
    for (const int8_t factor : {-128, -127, -1, 0, 1, 127}) {
      const Quads q = MakeQuads([&] { return factor; }, [&] { return column; });
      ExpectKeySums(q);
      if (factor >= 0) ExpectValueSums(q);
    }
  }
}

// Blocks that the leaf sums by itself: 4 rows by 4 vectors.
template <class Block>
void TestBlocks() {
  if constexpr (Block::kExists) {
    constexpr size_t kColumns = 4 * kernels::kMaxLanes;
    constexpr size_t kRows = 4, kMost = 11;  // two turns of four, and three
    constexpr size_t kRowStride = 13, kStep = 4 * kColumns + 16;
    uint32_t seed = 3;
    int8_t factors[kRows * kRowStride][4];
    static int8_t columns[kMost * kStep];
    for (auto& quad : factors) {
      for (int8_t& entry : quad) entry = Between(-128, 127, seed);
    }
    for (int8_t& entry : columns) entry = Between(-128, 127, seed);
    int32_t words[kRows * kRowStride];
    memcpy(words, factors, sizeof(words));
    HWY_ALIGN int32_t sums[kRows * kColumns + 1];
    for (size_t count = 1; count <= kMost; ++count) {
      sums[kRows * kColumns] = 15;
      ASSERT_TRUE(
          Block::Sum(words, kRowStride, 1, columns, kStep, count, 0.0f, sums));
      EXPECT_EQ(sums[kRows * kColumns], 15);
      for (size_t i = 0; i < kRows * kColumns; ++i) {
        int32_t sum = 0;
        for (size_t k = 0; k < 4 * count; ++k) {
          sum += int32_t{factors[i / kColumns * kRowStride + k / 4][k % 4]} *
                 columns[k / 4 * kStep + i % kColumns * 4 + k % 4];
        }
        ASSERT_EQ(sums[i], sum) << count << " steps, sum " << i;
      }
    }
    EXPECT_FALSE(Block::Sum(words, 1, 2, columns, kStep, 1, 0.0f, sums));
    EXPECT_FALSE(Block::Sum(words, 1, 1, columns, kStep, 0, 0.0f, sums));
  }
}

// Factors of 16 bits, which a port of one lane has: two rows of them by four
// columns, step by step and as a block.
template <class L>
struct WideProblem {
  using Wide = kernels::FineFactors<L, true>;
  static constexpr size_t kRows = 2, kMost = 11, kStep = 20;

  template <class FactorOf>
  explicit WideProblem(const FactorOf& factor_of, uint32_t& seed) {
    for (size_t row = 0; row < kRows; ++row) {
      int8_t* to = reinterpret_cast<int8_t*>(words + 2 * kMost * row);
      for (size_t i = 0; i < 4 * kMost; ++i) {
        factors[row][i] = factor_of();
        Wide::Store(factors[row][i] >> 7, factors[row][i] & 127, 7, i,
                    4 * kMost, to);
      }
    }
    for (int8_t& entry : columns) entry = Between(-128, 127, seed);
  }

  int32_t Sum(size_t row, size_t column, size_t steps) const {
    int32_t sum = 0;
    for (size_t i = 0; i < 4 * steps; ++i) {
      sum += factors[row][i] * columns[i / 4 * kStep + 4 * column + i % 4];
    }
    return sum;
  }

  int32_t factors[kRows][4 * kMost];
  int32_t words[kRows * 2 * kMost];
  alignas(4) int8_t columns[kMost * kStep];
};

template <class L>
void ExpectWideSums(const WideProblem<L>& p, size_t steps) {
  using Problem = WideProblem<L>;
  const auto factors = Problem::Wide::Of(p.words, 4 * Problem::kMost, 0);
  int32_t blocks[Problem::kRows * 4] = {};
  using Block = typename L::template WideBlock<Problem::kRows, 4>;
  if constexpr (Block::kExists) {
    ASSERT_TRUE(Block::Sum(factors.data, factors.row_stride, factors.step,
                           p.columns, Problem::kStep, steps, 0.0f, blocks));
  }
  for (size_t row = 0; row < Problem::kRows; ++row) {
    for (size_t column = 0; column < 4; ++column) {
      IntVec sum = hn::Zero(IntTag());
      for (size_t k = 0; k < steps; ++k) {
        const int8_t* at = p.columns + k * Problem::kStep + 4 * column;
        sum = L::AddWide(factors.data[row * factors.row_stride + k],
                         kernels::LoadQuads(at), sum);
      }
      const int32_t expected = p.Sum(row, column, steps);
      EXPECT_EQ(hn::GetLane(sum), expected) << row << ", " << column;
      if (Block::kExists) {
        EXPECT_EQ(blocks[4 * row + column], expected);
      }
    }
  }
}

template <class L>
void TestWide() {
  if constexpr (L::kHasWide) {
    uint32_t seed = 4;
    const auto any = [&] {
      seed = seed * 1664525u + 1013904223u;
      return static_cast<int32_t>(seed >> 8) % 32513 * (seed >> 31 ? 1 : -1);
    };
    for (size_t steps = 1; steps <= WideProblem<L>::kMost; ++steps) {
      ExpectWideSums<L>(WideProblem<L>(any, seed), steps);
      for (const int32_t end : {-32512, 32512}) {
        ExpectWideSums<L>(WideProblem<L>([&] { return end; }, seed), steps);
      }
    }
  }
}

TEST(Int8Products, OfWideFactorsAreTheIntegers) {
  TestWide<Leaf>();
  TestWide<Plain>();
}

TEST(Int8Products, OfBlocksAreTheIntegers) { TestBlocks<Leaf::Block<4, 4>>(); }

}  // namespace
