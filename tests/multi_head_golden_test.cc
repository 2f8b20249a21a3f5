// SPDX-License-Identifier: Apache-2.0
// Multi-head attention with its projections against float64 and against its own
// bits.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "fovea/kv_cache.h"
#include "fovea/multi_head.h"
#include "fovea/status.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/poison.h"
#include "tests/golden/reduced.h"
#include "tests/golden/tensor.h"
#include "tests/golden/weights.h"

namespace fovea::golden {
namespace {

struct MultiHeadCase {
  const char* name;
  uint16_t width, heads, kv_heads;
  bool has_bias, causal, cross;
  uint16_t batch, queries, keys;
  float weight_factor;
  uint64_t seed;
  Expected expected;
};

#include "tests/golden/multi_head.inc"

constexpr NamedHash kFusedHashes[] = {
#include "tests/golden/multi_head_hashes_fused.inc"
    {nullptr, 0}};
constexpr NamedHash kUnfusedHashes[] = {
#include "tests/golden/multi_head_hashes_unfused.inc"
    {nullptr, 0}};
constexpr CommittedHashes kHashes = {kFusedHashes, kUnfusedHashes};

constexpr float kBiasFactor = 0.25f;

// As many kv heads, and grouped ones.
constexpr bool IsInReducedSuite(size_t width, size_t heads, size_t kv_heads) {
  return (width == 32 && heads == 4 && kv_heads == 4) ||
         (width == 96 && heads == 6 && kv_heads == 2);
}

const std::vector<MultiHeadCase>& Cases() {
  static const auto cases =
      CasesOf(kMultiHeadCases, [](const MultiHeadCase& c) {
        return IsInReducedSuite(c.width, c.heads, c.kv_heads);
      });
  return cases;
}

template <size_t width, size_t heads, size_t kv_heads, bool causal>
struct GoldenConfig : MultiHeadConfig {
  static constexpr size_t kModelDim = width;
  static constexpr size_t kHeads = heads;
  static constexpr size_t kKvHeads = kv_heads;
  static constexpr size_t kHeadDim = width / heads;
  static constexpr size_t kMaxQueries = 129;
  static constexpr size_t kMaxKeys = 129;
  static constexpr bool kCausal = causal;
};

// Projection number 0 to 3: q, k, v, out.
PackedLayer Projection(const MultiHeadCase& c, size_t number) {
  const bool of_keys = number == 1 || number == 2;
  const size_t outputs = of_keys ? c.width / c.heads * c.kv_heads : c.width;
  return PackedLayer(
      Values(c.seed, 2 + number, outputs * c.width, c.weight_factor), c.width,
      outputs,
      c.has_bias ? Values(c.seed, 6 + number, outputs, kBiasFactor)
                 : std::vector<float>());
}

// [batch][1][token][width], with gaps.
Tensor Rows(size_t batch, size_t tokens, size_t width, size_t pad) {
  return Tensor(Layout::kPaddedHeads, batch, 1, tokens, width, pad);
}

struct MultiHeadTensors {
  explicit MultiHeadTensors(const MultiHeadCase& c)
      : q(Projection(c, 0)),
        k(Projection(c, 1)),
        v(Projection(c, 2)),
        out(Projection(c, 3)),
        x(Rows(c.batch, c.queries, c.width, 1)),
        memory(Rows(c.batch, c.keys, c.width, 3)),
        y(Rows(c.batch, c.queries, c.width, 5)) {
    const Stream of_x(c.seed, 0), of_memory(c.seed, 1);
    for (size_t i = 0; i < x.size(); ++i) x[i] = of_x[i];
    for (size_t i = 0; i < memory.size(); ++i) memory[i] = of_memory[i];
  }

  PackedLayer q, k, v, out;
  Tensor x, memory, y;
};

enum class Way : uint8_t { kOneShot, kSteps, kChunks, kMemoryCache };

template <class Config>
struct Runner {
  using Layer = MultiHeadAttention<Config>;

  static typename Layer::Weights WeightsOf(const MultiHeadTensors& t) {
    typename Layer::Weights weights;
    weights.q = t.q.weights();
    weights.k = t.k.weights();
    weights.v = t.v.weights();
    weights.out = t.out.weights();
    return weights;
  }

  static typename Layer::Call CallOf(const MultiHeadCase& c,
                                     MultiHeadTensors& t) {
    typename Layer::Call call;
    call.x = t.x.const_view();
    if (c.cross) call.memory = t.memory.const_view();
    call.y = t.y.view();
    call.batch = c.batch;
    call.queries = c.queries;
    call.keys = c.keys;
    return call;
  }

  static Status OneShot(const MultiHeadCase& c, MultiHeadTensors& t) {
    const auto workspace = MakePoisoned<typename Layer::Workspace>();
    return Layer::Run(WeightsOf(t), CallOf(c, t), *workspace);
  }

  static Status Stream(const MultiHeadCase& c, MultiHeadTensors& t,
                       size_t chunk) {
    const auto workspace = MakePoisoned<typename Layer::StepWorkspace>();
    const auto cache = MakePoisoned<KvCache<Config>>();
    cache->Clear();
    for (size_t at = 0; at < c.queries; at += chunk) {
      const size_t left = c.queries - at;
      auto call = CallOf(c, t);
      call.x = t.x.const_view(at);
      call.y = t.y.view(at);
      call.queries = left < chunk ? left : chunk;
      const Status status = Layer::Step(WeightsOf(t), call, *cache, *workspace);
      if (status != Status::kOk) return status;
    }
    return Status::kOk;
  }

  static Status MemoryCache(const MultiHeadCase& c, MultiHeadTensors& t) {
    const auto workspace = MakePoisoned<typename Layer::StepWorkspace>();
    const auto cache = MakePoisoned<KvCache<Config>>();
    cache->Clear();
    const Status status = Layer::AppendMemory(
        WeightsOf(t), t.memory.const_view(), c.keys, *cache, *workspace);
    if (status != Status::kOk) return status;
    return Layer::Attend(WeightsOf(t), CallOf(c, t), *cache, *workspace);
  }

  static std::vector<float> Run(const MultiHeadCase& c, Way way) {
    MultiHeadTensors t(c);
    Status status = Status::kUnsupported;
    switch (way) {
      case Way::kOneShot:
        status = OneShot(c, t);
        break;
      case Way::kSteps:
        status = Stream(c, t, 1);
        break;
      case Way::kChunks:
        status = Stream(c, t, 23);
        break;
      case Way::kMemoryCache:
        status = MemoryCache(c, t);
        break;
    }
    EXPECT_EQ(status, Status::kOk) << c.name;
    EXPECT_TRUE(t.y.PaddingIsUntouched()) << c.name;
    return t.y.Flat();
  }
};

// Only what the suite keeps is instantiated.
template <size_t width, size_t heads, size_t kv_heads, bool causal>
std::vector<float> RunConfig(const MultiHeadCase& c, Way way) {
  if constexpr (!kReduced || IsInReducedSuite(width, heads, kv_heads)) {
    return Runner<GoldenConfig<width, heads, kv_heads, causal>>::Run(c, way);
  }
  return {};
}

std::vector<float> Output(const MultiHeadCase& c, Way way) {
#define FOVEA_MULTI_HEAD_CONFIG(width_, heads_, kv_heads_, causal_)        \
  if (c.width == width_ && c.heads == heads_ && c.kv_heads == kv_heads_ && \
      c.causal == causal_) {                                               \
    return RunConfig<width_, heads_, kv_heads_, causal_>(c, way);          \
  }
#include "tests/golden/multi_head_configs.inc"
#undef FOVEA_MULTI_HEAD_CONFIG
  ADD_FAILURE() << c.name << ": no such configuration";
  return {};
}

TEST(MultiHeadGolden, IsAsExactAsPyTorchAndHasTheCommittedBits) {
  ExpectGolden("multi_head", Cases(), kMultiHeadExpected, kHashes,
               [](const MultiHeadCase& c) { return Output(c, Way::kOneShot); });
}

TEST(MultiHeadGolden, AStreamGivesTheBitsOfOneCall) {
  for (const MultiHeadCase& c : Cases()) {
    if (!c.causal) continue;
    const std::vector<float> whole = Output(c, Way::kOneShot);
    ExpectSameBits(c.name, Output(c, Way::kSteps), whole);
    ExpectSameBits(c.name, Output(c, Way::kChunks), whole);
  }
}

TEST(MultiHeadGolden, ACachedMemoryGivesTheBitsOfOneCall) {
  for (const MultiHeadCase& c : Cases()) {
    if (!c.cross || c.batch != 1) continue;
    ExpectSameBits(c.name, Output(c, Way::kMemoryCache),
                   Output(c, Way::kOneShot));
  }
}

}  // namespace
}  // namespace fovea::golden
