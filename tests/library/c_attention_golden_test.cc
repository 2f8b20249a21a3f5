// SPDX-License-Identifier: Apache-2.0
// Attention through the C interface: the committed bits of the C++ templates,
// on every target that this CPU can run.

#include <gtest/gtest.h>
#include <stddef.h>

#include <vector>

#include "fovea/fovea.h"
#include "tests/golden/attention_case.h"
#include "tests/golden/attention_run.h"
#include "tests/golden/c_call.h"
#include "tests/golden/check.h"
#include "tests/golden/every_target.h"
#include "tests/golden/golden.h"

namespace fovea::golden {
namespace {

#include "tests/golden/attention.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/attention_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/attention_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

// Queries [first, first + queries), with as many keys from there on.
fovea_attention CallFrom(const AttentionCase& c, AttentionTensors& t,
                         const CCall& room, size_t first, size_t queries) {
  fovea_attention call = room.call;
  call.batch = c.batch;
  call.heads = c.heads;
  call.kv_heads = c.kv_heads;
  call.queries = queries;
  call.keys = c.keys;
  call.q = InputOf(t.q.const_view(first));
  call.k = InputOf(t.k.const_view(first));
  call.v = InputOf(t.v.const_view(first));
  call.out = OutputOf(t.out.view(first));
  call.scale = c.scale;
  call.causal = c.causal;
  call.first_position = c.first_position;
  return call;
}

fovea_status RunStream(const AttentionCase& c, AttentionTensors& t,
                       const CCall& room, size_t chunk) {
  CCache cache(CallFrom(c, t, room, 0, c.queries), c.keys, FOVEA_FLOAT32);
  fovea_status status = cache.status;
  for (size_t at = 0; at < c.queries && status == FOVEA_OK; at += chunk) {
    const size_t left = c.queries - at;
    const fovea_attention call =
        CallFrom(c, t, room, at, left < chunk ? left : chunk);
    status = fovea_cache_step(cache.cache, &call);
  }
  return status;
}

fovea_status RunCache(const AttentionCase& c, AttentionTensors& t,
                      const CCall& room) {
  const fovea_attention call = CallFrom(c, t, room, 0, c.queries);
  CCache cache(call, c.keys + 3, FOVEA_FLOAT32);
  if (cache.status != FOVEA_OK) return cache.status;
  const fovea_status status =
      fovea_cache_append(cache.cache, call.k, call.v, c.keys);
  return status == FOVEA_OK ? fovea_cache_attend(cache.cache, &call) : status;
}

fovea_status RunParts(const AttentionCase& c, AttentionTensors& t,
                      const CCall& room) {
  fovea_attention call = CallFrom(c, t, room, 0, c.queries);
  for (call.parts = 3; call.part < 3; ++call.part) {
    const fovea_status status = fovea_attention_run(&call);
    if (status != FOVEA_OK) return status;
  }
  return FOVEA_OK;
}

enum class CWay : uint8_t { kOneShot, kParts, kCache, kSteps, kChunks };

bool Goes(const AttentionCase& c, CWay way) {
  if (way == CWay::kCache) return c.batch == 1;
  return way == CWay::kOneShot || way == CWay::kParts || IsStream(c);
}

fovea_status RunTheWay(const AttentionCase& c, AttentionTensors& t,
                       const CCall& room, CWay way) {
  const fovea_attention call = CallFrom(c, t, room, 0, c.queries);
  switch (way) {
    case CWay::kOneShot:
      return fovea_attention_run(&call);
    case CWay::kParts:
      return RunParts(c, t, room);
    case CWay::kCache:
      return RunCache(c, t, room);
    case CWay::kSteps:
      return RunStream(c, t, room, 1);
    case CWay::kChunks:
      return RunStream(c, t, room, 37);
  }
  return FOVEA_UNSUPPORTED;
}

std::vector<float> RunChecked(const AttentionCase& c, CWay way) {
  AttentionTensors t(c);
  const CCall room(c.head_dim, c.head_dim);
  EXPECT_EQ(RunTheWay(c, t, room, way), FOVEA_OK) << c.name;
  EXPECT_TRUE(t.out.PaddingIsUntouched()) << c.name;
  return t.out.Flat();
}

TEST(CAttentionGolden, HasTheCommittedBitsOnEveryTarget) {
  ForEachTarget([] {
    for (const AttentionCase& c : kAttentionCases) {
      const std::vector<float> out = RunChecked(c, CWay::kOneShot);
      ExpectWithinGate(c.name, c.expected, kAttentionExpected, out);
      ExpectCommitted(kHashes, c.name, HashOf(out));
    }
  });
}

TEST(CAttentionGolden, EveryWayHasThem) {
  ForEachTarget([] {
    for (const CWay way :
         {CWay::kParts, CWay::kCache, CWay::kSteps, CWay::kChunks}) {
      for (const AttentionCase& c : kAttentionCases) {
        if (!Goes(c, way)) continue;
        ExpectCommitted(kHashes, c.name, HashOf(RunChecked(c, way)));
      }
    }
  });
}

}  // namespace
}  // namespace fovea::golden
