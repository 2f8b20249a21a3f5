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
    ExpectKeySums(MakeQuads([&] { return Between(-127, 127, seed); },
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
    for (const int8_t factor : {-127, -1, 0, 1, 127}) {
      const Quads q = MakeQuads([&] { return factor; }, [&] { return column; });
      ExpectKeySums(q);
      if (factor >= 0) ExpectValueSums(q);
    }
  }
}

}  // namespace
