// SPDX-License-Identifier: Apache-2.0
// What changes attention's scores, hides keys and is written beside its output:
// against float64, against the reference and against its own bits, on every
// target.

#include <gtest/gtest.h>
#include <stddef.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/golden/attention_features_case.h"
#include "tests/golden/attention_features_run.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"

namespace fovea::golden {
namespace {

#include "tests/golden/attention_features.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/attention_features_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/attention_features_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

const std::vector<FeaturesCase>& Cases() {
  static const auto cases =
      CasesOf(kAttentionFeaturesCases,
              [](const FeaturesCase& c) { return IsInReducedSuite(c.config); });
  return cases;
}

std::vector<FeaturesEntry> AllEntries() {
  std::vector<FeaturesEntry> entries;
  AddFeaturesEntries<0>(entries);
  AddFeaturesEntries<1>(entries);
  AddFeaturesEntries<2>(entries);
  AddFeaturesEntries<3>(entries);
  static_assert(kFeaturesParts == 4, "one call a part");
  return entries;
}

const std::vector<FeaturesEntry>& Entries() {
  static const std::vector<FeaturesEntry> entries = AllEntries();
  return entries;
}

const FeaturesEntry& EntryOf(const FeaturesCase& c) {
  for (const FeaturesEntry& entry : Entries()) {
    if (std::string(entry.name) == c.config) return entry;
  }
  ADD_FAILURE() << c.name << ": no such configuration";
  return Entries().front();
}

FeaturesOutcome RunChecked(const FeaturesCase& c, Way way) {
  FeaturesOutcome outcome = EntryOf(c).run(c, way);
  EXPECT_EQ(outcome.status, Status::kOk) << c.name;
  EXPECT_TRUE(outcome.padding_is_untouched) << c.name;
  return outcome;
}

// Tables hold 0 where a score or an lse is -inf; where that has to be, the
// reference says.
std::vector<float> ZeroForHidden(std::vector<float> values) {
  std::replace(values.begin(), values.end(), -HUGE_VALF, 0.0f);
  return values;
}

void ExpectOutput(const FeaturesCase& c, const char* output,
                  const Expected& expected, const std::vector<float>& values) {
  if (expected.count == 0) {
    EXPECT_TRUE(values.empty()) << c.name << ": " << output;
    return;
  }
  const std::string name = std::string(c.name) + "/" + output;
  ExpectWithinGate(name.c_str(), expected, kAttentionFeaturesExpected,
                   ZeroForHidden(values));
}

uint64_t HashOf(const FeaturesOutcome& outcome) {
  Hash hash;
  for (const auto* values :
       {&outcome.out, &outcome.lse, &outcome.weights, &outcome.scores}) {
    hash.Add(values->data(), values->size());
  }
  return hash.value();
}

TEST(AttentionFeaturesGolden, AreAsExactAsPyTorchAndHaveTheCommittedBits) {
  HashLog hashes("attention_features", kHashes);
  for (const FeaturesCase& c : Cases()) {
    const FeaturesOutcome outcome = RunChecked(c, Way::kOneShot);
    ExpectOutput(c, "out", c.out, outcome.out);
    ExpectOutput(c, "lse", c.lse, outcome.lse);
    ExpectOutput(c, "weights", c.weights, outcome.weights);
    ExpectOutput(c, "scores", c.scores, outcome.scores);
    hashes.Add(c.name, HashOf(outcome));
  }
  hashes.Finish();
}

// The reference that other tests use is proven here, by the same float64
// values.
void ExpectReference(const FeaturesCase& c, const Expected& expected,
                     const std::vector<double>& values) {
  for (uint32_t i = 0; i < expected.count; ++i) {
    const size_t position = expected.first + size_t{i} * expected.step;
    ASSERT_LT(position, values.size()) << c.name;
    const double value =
        values[position] == reference::kHidden ? 0 : values[position];
    ASSERT_NEAR(value, kAttentionFeaturesExpected[expected.offset + i], 1e-10)
        << c.name << ": element " << position;
  }
}

TEST(AttentionFeaturesGolden, TheReferenceAgreesWithFloat64) {
  for (const FeaturesCase& c : Cases()) {
    const FeaturesReference expected = EntryOf(c).reference(c);
    ExpectReference(c, c.out, expected.result.out);
    ExpectReference(c, c.lse, expected.result.lse);
    ExpectReference(c, c.weights, expected.result.weights);
    ExpectReference(c, c.scores, expected.scores);
  }
}

// ------------------------------------------------------------ other ways

void ExpectSameOutcome(const FeaturesCase& c, const FeaturesOutcome& one,
                       const FeaturesOutcome& other) {
  ExpectSameBits(c.name, one.out, other.out);
  ExpectSameBits(c.name, one.lse, other.lse);
  ExpectSameBits(c.name, one.weights, other.weights);
  ASSERT_EQ(one.scores.size(), other.scores.size());
  std::vector<float> known = other.scores;
  for (size_t i = 0; i < known.size(); ++i) {
    if (BitsOf(one.scores[i]) == BitsOf(NotComputed()))
      known[i] = NotComputed();
  }
  ExpectSameBits(c.name, one.scores, known);
}

void ExpectTheBitsOfOneCall(Way way) {
  size_t count = 0;
  for (const FeaturesCase& c : Cases()) {
    if (!Goes(EntryOf(c), c, way)) continue;
    ExpectSameOutcome(c, RunChecked(c, way), RunChecked(c, Way::kOneShot));
    ++count;
  }
  EXPECT_GT(count, kReduced ? 2u : 30u);
}

TEST(AttentionFeaturesGolden, PartsGiveTheBitsOfOneCall) {
  for (const Way way : {Way::kTwoParts, Way::kThreeParts, Way::kSevenParts}) {
    if (kReduced && way != Way::kThreeParts) continue;
    ExpectTheBitsOfOneCall(way);
  }
}

TEST(AttentionFeaturesGolden, ACacheGivesTheBitsOfOneCall) {
  ExpectTheBitsOfOneCall(Way::kCache);
}

TEST(AttentionFeaturesGolden, PartsOfACacheGiveTheBitsOfOneCall) {
  ExpectTheBitsOfOneCall(Way::kCacheInParts);
}

TEST(AttentionFeaturesGolden, StepsGiveTheBitsOfOneCall) {
  ExpectTheBitsOfOneCall(Way::kSteps);
}

TEST(AttentionFeaturesGolden, ChunksGiveTheBitsOfOneCall) {
  ExpectTheBitsOfOneCall(Way::kChunks);
}

// ---------------------------------------------------------- random cases

// Small cases around a tile's and a panel's edges, in any way that a case may
// go.
class RandomCase {
 public:
  RandomCase(const FeaturesEntry& entry, uint64_t seed) : random_(seed, 0) {
    c_ = {};
    c_.name = entry.name;
    c_.config = entry.name;
    c_.seed = seed;
    c_.batch = Pick(1, 2);
    c_.queries = Pick(1, std::min<size_t>(entry.max_queries, 70));
    c_.keys = Pick(1, 150);
    c_.first_position = static_cast<int16_t>(int{Pick(0, 100)} - 30);
    c_.layout = static_cast<Layout>(Pick(0, 3));
    if (Pick(0, 3) == 0) {  // a stream
      c_.batch = 1;
      c_.queries = c_.keys = std::min<uint16_t>(c_.queries, c_.keys);
      c_.first_position = 0;
    }
    if (entry.has_softcap) c_.softcap = static_cast<float>(Pick(0, 4)) * 0.5f;
    c_.shorter = Pick(0, 2) == 0 && c_.batch == 2 ? Pick(1, c_.keys) : 0;
    if (entry.has_mask) {
      c_.mask = static_cast<MaskRecipe>(Pick(0, 5));
      c_.mask_axes = static_cast<uint8_t>(Pick(0, 7));
      c_.mask_keys = Pick(0, 2) == 0 ? Pick(1, c_.keys) : 0;
    }
    do {
      way_ = static_cast<Way>(Pick(0, 7));
    } while (!Goes(entry, c_, way_));
  }

  const FeaturesCase& get() const { return c_; }
  Way way() const { return way_; }

 private:
  uint16_t Pick(size_t least, size_t most) {
    const float unit = (random_[next_++] + 2) / 4;  // [0, 1)
    const auto span = static_cast<float>(most - least + 1);
    return static_cast<uint16_t>(least + static_cast<size_t>(unit * span));
  }

  Stream random_;
  size_t next_ = 0;
  FeaturesCase c_;
  Way way_;
};

// How exact the library is the goldens say; what counts here is which keys take
// part and how.  Values are within +-2, scores within some hundreds.
constexpr double kNear = 2e-4;

void ExpectNear(const std::string& where, const std::vector<float>& values,
                const std::vector<double>& expected) {
  ASSERT_EQ(values.size(), expected.size()) << where;
  for (size_t i = 0; i < values.size(); ++i) {
    if (BitsOf(values[i]) == BitsOf(NotComputed())) continue;
    const bool same_infinity =
        std::isinf(expected[i]) && double{values[i]} == expected[i];
    // A NaN is no less than anything.
    if (same_infinity || std::fabs(double{values[i]} - expected[i]) < kNear) {
      continue;
    }
    ADD_FAILURE() << where << ": element " << i << " is " << values[i]
                  << ", expected " << expected[i];
    return;
  }
}

void ExpectHiddenKeysWeighNothing(const std::string& where,
                                  const std::vector<float>& weights,
                                  const std::vector<bool>& hidden) {
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!hidden[i]) continue;
    ASSERT_EQ(BitsOf(weights[i]), 0u) << where << ": weight " << i;
  }
}

TEST(AttentionFeaturesRandom, AgreeWithTheReference) {
  constexpr size_t kPerConfig = 12;
  for (const FeaturesEntry& entry : Entries()) {
    for (uint64_t seed = 1; seed <= kPerConfig; ++seed) {
      const RandomCase random(entry, Mix64(seed));
      const FeaturesCase& c = random.get();
      const std::string where = std::string(entry.name) + " seed " +
                                std::to_string(seed) + " way " +
                                std::to_string(static_cast<int>(random.way()));
      const FeaturesOutcome outcome = RunChecked(c, random.way());
      const FeaturesReference expected = entry.reference(c);
      ExpectNear(where + " out", outcome.out, expected.result.out);
      ExpectNear(where + " lse", outcome.lse, expected.result.lse);
      if (!outcome.weights.empty()) {
        ExpectNear(where + " weights", outcome.weights,
                   expected.result.weights);
      }
      ExpectNear(where + " scores", outcome.scores, expected.scores);
      ExpectHiddenKeysWeighNothing(where, outcome.weights, expected.hidden);
    }
  }
}

}  // namespace
}  // namespace fovea::golden
