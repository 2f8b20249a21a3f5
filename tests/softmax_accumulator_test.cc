// SPDX-License-Identifier: Apache-2.0
// Masks, merges, special values and bad input of the softmax accumulator.  Its
// accuracy is tested in softmax_golden_test.cc.
#include "fovea/softmax_accumulator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

using fovea::Status;
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kMost = std::numeric_limits<float>::max();

constexpr size_t kDim = 21;  // whole vectors and a tail on every target
constexpr size_t kKeys = 150;
using Accumulator = fovea::SoftmaxAccumulator<kDim>;
using Row = std::vector<float>;

static_assert(sizeof(Accumulator) == 4 * (kDim + 2), "as the header says");

struct KeySet {
  Row logits, values;
};

KeySet MakeKeys(size_t count) {
  KeySet keys{Row(count), Row(count * kDim)};
  for (size_t i = 0; i < count; ++i) {
    keys.logits[i] = 5.0f * std::sin(static_cast<float>(i) * 0.9f);
  }
  for (size_t i = 0; i < keys.values.size(); ++i) {
    keys.values[i] = std::cos(static_cast<float>(i) * 0.3f);
  }
  return keys;
}

void Add(Accumulator& row, const KeySet& keys, size_t first, size_t end) {
  ASSERT_EQ(row.Add(keys.logits.data() + first,
                    keys.values.data() + first * kDim, kDim, end - first),
            Status::kOk);
}

Row Output(const Accumulator& row) {
  Row out(kDim + 1, 12345.0f);
  EXPECT_EQ(row.Store(out.data()), Status::kOk);
  EXPECT_EQ(out[kDim], 12345.0f);
  out.pop_back();
  return out;
}

Row OutputOf(const KeySet& keys) {
  Accumulator row;
  Add(row, keys, 0, keys.logits.size());
  return Output(row);
}

void ExpectNear(const Row& got, const Row& want) {
  for (size_t i = 0; i < kDim; ++i) EXPECT_NEAR(got[i], want[i], 1e-6) << i;
}

bool AllNan(const Row& row) {
  bool all = true;
  for (const float x : row) all = all && std::isnan(x);
  return all;
}

TEST(SoftmaxAccumulator, EmptyIsZeroWithNoMass) {
  Accumulator row;
  EXPECT_EQ(Output(row), Row(kDim, 0.0f));
  EXPECT_EQ(row.Lse(), -kInf);
}

// NaN too.
TEST(SoftmaxAccumulator, ClearForgetsEverything) {
  auto keys = MakeKeys(kKeys);
  const auto want = OutputOf(keys);
  keys.logits[70] = kNan;
  Accumulator row;
  Add(row, keys, 0, kKeys);
  row.Clear();
  EXPECT_EQ(Output(row), Row(kDim, 0.0f));
  EXPECT_EQ(row.Lse(), -kInf);
  keys = MakeKeys(kKeys);
  Add(row, keys, 0, kKeys);
  EXPECT_EQ(Output(row), want);
}

TEST(SoftmaxAccumulator, OneKeyGivesItsValueAndLogit) {
  const auto keys = MakeKeys(1);
  for (const float logit : {0.0f, 2.5f, -100.0f, kMost, -kMost}) {
    Accumulator row;
    ASSERT_EQ(row.Add(&logit, keys.values.data(), 0, 1), Status::kOk);
    EXPECT_EQ(Output(row), keys.values);
    EXPECT_EQ(row.Lse(), logit);
  }
}

// Its value may lie in memory that must not be read: here, a NaN stands there.
// As if the logit were so low that the probability is 0, but for the NaN.
TEST(SoftmaxAccumulator, MaskedKeysAreNotRead) {
  for (size_t at = 0; at < kKeys; ++at) {
    auto masked = MakeKeys(kKeys), low = masked;
    masked.logits[at] = -kInf;
    low.logits[at] = -1000.0f;
    for (size_t dim = 0; dim < kDim; ++dim) {
      masked.values[at * kDim + dim] = kNan;
    }
    EXPECT_EQ(OutputOf(masked), OutputOf(low)) << at;
  }
}

// What a sanitizer would report: the values end where the visible keys do.
TEST(SoftmaxAccumulator, MaskedKeysNeedNoMemory) {
  for (size_t visible = 1; visible < 70; ++visible) {
    auto keys = MakeKeys(visible);
    keys.logits.resize(visible + 70, -kInf);
    Accumulator row;
    ASSERT_EQ(row.Add(keys.logits.data(), keys.values.data(), kDim,
                      keys.logits.size()),
              Status::kOk);
    keys.logits.resize(visible);
    EXPECT_EQ(Output(row), OutputOf(keys));
  }
}

TEST(SoftmaxAccumulator, AllMaskedIsAsEmptyAndChangesNothing) {
  auto keys = MakeKeys(kKeys);
  Accumulator row;
  const KeySet masked{Row(kKeys, -kInf), Row(kKeys * kDim, kNan)};
  Add(row, masked, 0, kKeys);
  EXPECT_EQ(Output(row), Row(kDim, 0.0f));
  EXPECT_EQ(row.Lse(), -kInf);
  Add(row, keys, 0, kKeys);
  EXPECT_EQ(Output(row), OutputOf(keys));
  Add(row, masked, 0, kKeys);
  EXPECT_EQ(Output(row), OutputOf(keys));
}

TEST(SoftmaxAccumulator, NanAndPlusInfinityPropagate) {
  for (const float bad : {kNan, kInf}) {
    for (size_t at = 0; at < kKeys; ++at) {
      auto keys = MakeKeys(kKeys);
      keys.logits[at] = bad;
      Accumulator row;
      Add(row, keys, 0, kKeys);
      EXPECT_TRUE(AllNan(Output(row))) << at;
      EXPECT_TRUE(std::isnan(row.Lse())) << at;
    }
  }
  // A value's NaN stays in its column.
  auto keys = MakeKeys(kKeys);
  keys.values[7 * kDim + 3] = kNan;
  auto out = OutputOf(keys);
  EXPECT_TRUE(std::isnan(out[3]));
  out[3] = 0;
  for (const float x : out) EXPECT_FALSE(std::isnan(x));
}

TEST(SoftmaxAccumulator, MergeIsAsIfOneHadSeenAll) {
  const auto keys = MakeKeys(kKeys);
  const auto want = OutputOf(keys);
  Accumulator whole;
  Add(whole, keys, 0, kKeys);
  for (size_t cut = 0; cut <= kKeys; ++cut) {
    for (const bool swapped : {false, true}) {
      Accumulator parts[2];
      if (cut > 0) Add(parts[0], keys, 0, cut);
      if (cut < kKeys) Add(parts[1], keys, cut, kKeys);
      parts[swapped].Merge(parts[!swapped]);
      ExpectNear(Output(parts[swapped]), want);
      EXPECT_NEAR(parts[swapped].Lse(), whole.Lse(), 1e-6);
      if (cut == 0 || cut == kKeys) {
        EXPECT_EQ(Output(parts[swapped]), want);
      }
    }
  }
}

TEST(SoftmaxAccumulator, MergeOfTwoEmptyIsEmptyAndNanPropagates) {
  Accumulator a, b;
  a.Merge(b);
  EXPECT_EQ(Output(a), Row(kDim, 0.0f));
  EXPECT_EQ(a.Lse(), -kInf);
  auto keys = MakeKeys(1);
  Add(a, keys, 0, 1);
  keys.logits[0] = kNan;
  Add(b, keys, 0, 1);
  a.Merge(b);
  EXPECT_TRUE(AllNan(Output(a)));
  EXPECT_TRUE(std::isnan(a.Lse()));
}

// Partials far apart: the smaller one's weight underflows to nothing.
TEST(SoftmaxAccumulator, MergeAcrossTheWholeRange) {
  const auto keys = MakeKeys(2);
  const float logits[2] = {kMost, -kMost};
  for (const size_t first : {0, 1}) {
    Accumulator parts[2];
    for (size_t i = 0; i < 2; ++i) {
      ASSERT_EQ(parts[i].Add(&logits[i], keys.values.data() + i * kDim, 0, 1),
                Status::kOk);
    }
    parts[first].Merge(parts[1 - first]);
    EXPECT_EQ(Output(parts[first]),
              Row(keys.values.begin(), keys.values.begin() + kDim));
    EXPECT_EQ(parts[first].Lse(), kMost);
  }
}

TEST(SoftmaxAccumulator, StoreLeavesItReadyForMore) {
  const auto keys = MakeKeys(kKeys);
  Accumulator row;
  Add(row, keys, 0, 64);
  Output(row);
  Add(row, keys, 64, kKeys);
  EXPECT_EQ(Output(row), OutputOf(keys));
}

TEST(SoftmaxAccumulator, BadInputChangesNothing) {
  const auto keys = MakeKeys(4);
  Accumulator row;
  Add(row, keys, 0, 2);
  const auto before = Output(row);
  const float* logits = keys.logits.data();
  const float* values = keys.values.data();
  const auto off = [](const float* p) {
    return reinterpret_cast<const float*>(reinterpret_cast<uintptr_t>(p) + 1);
  };
  EXPECT_EQ(row.Add(nullptr, values, kDim, 2), Status::kNullPointer);
  EXPECT_EQ(row.Add(logits, nullptr, kDim, 2), Status::kNullPointer);
  EXPECT_EQ(row.Add(logits, values, kDim, 0), Status::kZeroCount);
  EXPECT_EQ(row.Add(logits, values, kDim - 1, 2), Status::kBadStride);
  EXPECT_EQ(row.Add(off(logits), values, kDim, 2), Status::kMisaligned);
  EXPECT_EQ(row.Add(logits, off(values), kDim, 2), Status::kMisaligned);
  EXPECT_EQ(row.Store(nullptr), Status::kNullPointer);
  Row out(kDim + 1, 12345.0f);
  const auto untouched = out;
  EXPECT_EQ(row.Store(const_cast<float*>(off(out.data()))),
            Status::kMisaligned);
  EXPECT_EQ(out, untouched);
  EXPECT_EQ(Output(row), before);
}

}  // namespace
