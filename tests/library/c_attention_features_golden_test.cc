// SPDX-License-Identifier: Apache-2.0
// Every option of attention through the C interface: the committed bits of the
// C++ templates, on every target that this CPU can run.

#include <gtest/gtest.h>
#include <stddef.h>
#include <string.h>

#include <type_traits>
#include <vector>

#include "fovea/fovea.h"
#include "tests/golden/attention_features_case.h"
#include "tests/golden/attention_features_run.h"
#include "tests/golden/c_call.h"
#include "tests/golden/check.h"
#include "tests/golden/every_target.h"
#include "tests/golden/golden.h"

namespace fovea::golden {
namespace {

#include "tests/golden/attention_features.inc"
#include "tests/golden/attention_features_configs.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/attention_features_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/attention_features_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

template <class Config>
struct CRunner {
  using R = Resolved<Config>;
  using Side = SideOutputs<Config>;
  using Tensors = FeaturesTensors<Config>;

  static void SetOptions(const FeaturesCase& c, Tensors& t,
                         fovea_attention& call) {
    call.scale = c.scale;
    call.causal = R::kCausal;
    call.first_position = c.first_position;
    call.key_lengths = t.lengths.empty() ? nullptr : t.lengths.data();
    call.window = R::kWindow;
    call.sinks = R::kSinks;
    if (R::kMask == MaskKind::kBoolean) call.mask = MaskOf(t.mask.view());
    if (R::kMask == MaskKind::kAdditive) call.bias = InputOf(t.bias.view());
    call.mask_keys = c.mask_keys;
    if (R::kSoftcap) call.softcap = c.softcap;
    if (R::kAlibi) call.alibi_slopes = t.slopes.data();
    if (R::kSinkLogits) call.sink_logits = t.sinks.data();
  }

  static void SetOutputs(Tensors& t, Side& side, fovea_attention& call) {
    call.out = OutputOf(t.out.view());
    call.lse = side.lse.data();
    if (R::kWeights) call.weights = side.weights.data();
    if (R::kScores != ScoreStage::kNone) call.scores = side.scores.data();
    call.score_stage = static_cast<fovea_score_stage>(R::kScores);
  }

  static fovea_status RunParts(fovea_attention call, size_t parts) {
    fovea_status status = FOVEA_OK;
    call.parts = parts;
    for (call.part = 0; call.part < parts && status == FOVEA_OK; ++call.part) {
      status = fovea_attention_run(&call);
    }
    return status;
  }

  static fovea_status RunCache(const fovea_attention& call) {
    CCache cache(call, call.keys, FOVEA_FLOAT32);
    if (cache.status != FOVEA_OK) return cache.status;
    const fovea_status status =
        fovea_cache_append(cache.cache, call.k, call.v, call.keys);
    return status == FOVEA_OK ? fovea_cache_attend(cache.cache, &call) : status;
  }

  static uint64_t Run(const FeaturesCase& c, Way way) {
    Tensors t(c);
    Side side(c, c.queries, c.keys);
    CCall room(R::kHeadDim, R::kValueDim);
    fovea_attention& call = room.call;
    call.batch = c.batch;
    call.heads = R::kHeads;
    call.kv_heads = R::kKvHeads;
    call.queries = c.queries;
    call.keys = c.keys;
    call.q = InputOf(t.q.const_view());
    call.k = InputOf(t.k.const_view());
    call.v = InputOf(t.v.const_view());
    SetOptions(c, t, call);
    SetOutputs(t, side, call);
    const fovea_status status = way == Way::kCache ? RunCache(call)
                                : way == Way::kThreeParts
                                    ? RunParts(call, 3)
                                    : fovea_attention_run(&call);
    EXPECT_EQ(status, FOVEA_OK) << c.name << ": " << fovea_status_name(status);
    EXPECT_TRUE(t.out.PaddingIsUntouched()) << c.name;
    Hash hash;
    const std::vector<float> out = t.out.Flat();
    const std::vector<float>* const all[] = {&out, &side.lse, &side.weights,
                                             &side.scores};
    for (const auto* values : all) hash.Add(values->data(), values->size());
    return hash.value();
  }
};

struct CEntry {
  const char* name;
  uint64_t (*run)(const FeaturesCase&, Way);
};

template <class Config>
CEntry EntryOfC(const char* name) {
  // A functor of the caller's own has no place in a library.
  if constexpr (std::is_void<typename Config::ScorePolicy>::value) {
    return {name, &CRunner<Config>::Run};
  } else {
    return {name, nullptr};
  }
}

const std::vector<CEntry>& Entries() {
  static const std::vector<CEntry> entries = {
#define FOVEA_C_ENTRY(config, part) EntryOfC<config>(#config),
      FOVEA_ATTENTION_FEATURES_CONFIGS(FOVEA_C_ENTRY)
#undef FOVEA_C_ENTRY
  };
  return entries;
}

const CEntry* Find(const char* config) {
  for (const CEntry& entry : Entries()) {
    if (strcmp(entry.name, config) == 0) return &entry;
  }
  return nullptr;
}

void ExpectTheCommittedBits(Way way) {
  ForEachTarget([&] {
    size_t compared = 0;
    for (const FeaturesCase& c : kAttentionFeaturesCases) {
      const CEntry* entry = Find(c.config);
      ASSERT_NE(entry, nullptr) << c.config;
      if (entry->run == nullptr) continue;
      if (way == Way::kCache && (c.batch != 1 || c.shorter != 0)) continue;
      ExpectCommitted(kHashes, c.name, entry->run(c, way));
      ++compared;
    }
    EXPECT_GT(compared, 30u);
  });
}

TEST(CAttentionFeaturesGolden, HaveTheCommittedBitsOnEveryTarget) {
  ExpectTheCommittedBits(Way::kOneShot);
}

TEST(CAttentionFeaturesGolden, SoDoParts) {
  ExpectTheCommittedBits(Way::kThreeParts);
}

TEST(CAttentionFeaturesGolden, SoDoesACache) {
  ExpectTheCommittedBits(Way::kCache);
}

}  // namespace
}  // namespace fovea::golden
