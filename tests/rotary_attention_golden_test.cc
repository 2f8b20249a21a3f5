// SPDX-License-Identifier: Apache-2.0
// Streams whose queries and keys turn on their way into the kernel and the
// cache: against float64 and against their own bits.

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <memory>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "fovea/rope.h"
#include "fovea/status.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"
#include "tests/golden/poison.h"
#include "tests/golden/reduced.h"
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

// The configurations that a reduced suite keeps: part of a head, and a ring.
constexpr bool IsInReducedSuite(size_t head_dim, size_t rotary_dim,
                                size_t window) {
  return !kReduced || rotary_dim < head_dim / 2 || window == 40;
}

const std::vector<RotaryCase>& Cases() {
  static const std::vector<RotaryCase> cases =
      CasesOf(kRotaryAttentionCases, [](const RotaryCase& c) {
        return IsInReducedSuite(c.head_dim, c.rotary_dim, c.window);
      });
  return cases;
}

constexpr size_t kMostTokens = 200;

enum class Way : uint8_t {
  kWhole,   // one call of Step
  kChunks,  // of 1 to 37 tokens
  kAppend,  // AppendTurned, then Attend
  kRun,     // keys turned by Rope::Apply, then Run
};

template <size_t kHeadDimArg, size_t kRotaryDimArg, size_t kHeadsArg,
          size_t kKvHeadsArg, bool kInterleaved, size_t kWindowArg,
          size_t kSinksArg>
struct RotaryConfig : AttentionConfig {
  static constexpr size_t kHeadDim = kHeadDimArg, kRotaryDim = kRotaryDimArg;
  static constexpr size_t kHeads = kHeadsArg, kKvHeads = kKvHeadsArg;
  static constexpr RopePairs kRotaryPairs =
      kInterleaved ? RopePairs::kInterleaved : RopePairs::kHalfSplit;
  static constexpr size_t kWindow = kWindowArg, kSinks = kSinksArg;
  static constexpr size_t kMaxQueries = kMostTokens, kMaxKeys = kMostTokens;
  static constexpr bool kCausal = true, kRing = kWindow > 0;
};

template <class Config>
class Problem {
 public:
  using R = Resolved<Config>;
  using Core = Attention<Config>;
  using Call = typename Core::Call;

  explicit Problem(const RotaryCase& c)
      : c_(c),
        rope_(c.rope),
        q_(RotaryValues(c, 0, R::kHeads, kFactorOfQueries)),
        k_(RotaryValues(c, 1, R::kKvHeads, 1.0f)),
        v_(RotaryValues(c, 2, R::kKvHeads, 1.0f)),
        out_(q_.size()),
        cache_(MakePoisoned<KvCache<Config>>()),
        workspace_(MakePoisoned<typename Core::Workspace>()) {
    cache_->Clear();
  }

  std::vector<float> Output(Way way) {
    Status status = Status::kOk;
    if (way == Way::kWhole) status = Step(0, c_.tokens);
    if (way == Way::kChunks) status = Chunks();
    if (way == Way::kAppend) status = AppendAndAttend();
    if (way == Way::kRun) status = Run();
    EXPECT_EQ(status, Status::kOk) << c_.name;
    return out_;
  }

 private:
  Call CallOf(size_t first, size_t count) {
    Call call;
    call.q = Tokens<const float>(q_, R::kHeads, first);
    call.k = Tokens<const float>(k_, R::kKvHeads, first);
    call.v = Tokens<const float>(v_, R::kKvHeads, first);
    call.out = Tokens<float>(out_, R::kHeads, first);
    call.queries = call.keys = count;
    call.rope = &rope_;
    call.rotary_position = c_.first_position;
    return call;
  }

  template <class T>
  static View<T> Tokens(std::vector<float>& values, size_t heads,
                        size_t first) {
    return TokenMajor<T>(values.data() + first * heads * R::kHeadDim, heads, 0,
                         R::kHeadDim);
  }

  Status Step(size_t first, size_t count) {
    return Core::Step(CallOf(first, count), *cache_, *workspace_);
  }

  Status Chunks() {
    for (size_t first = 0; first < c_.tokens;) {
      const size_t wanted = 1 + first * 7 % 37;
      const size_t left = c_.tokens - first;
      const size_t count = left < wanted ? left : wanted;
      FOVEA_RETURN_IF_BAD(Step(first, count));
      first += count;
    }
    return Status::kOk;
  }

  // Token by token: a ring gives away what an earlier one needs.
  Status AppendAndAttend() {
    for (size_t t = 0; t < c_.tokens; ++t) {
      Call call = CallOf(t, 1);
      FOVEA_RETURN_IF_BAD(
          cache_->AppendTurned(call.k, call.v, 1, rope_, c_.first_position));
      call.first_position = static_cast<int64_t>(t);
      FOVEA_RETURN_IF_BAD(Core::Attend(call, *cache_, *workspace_));
    }
    return Status::kOk;
  }

  Status Run() {
    const View<float> keys = Tokens<float>(k_, R::kKvHeads, 0);
    FOVEA_RETURN_IF_BAD(rope_.Apply(keys, R::kKvHeads, c_.tokens,
                                    c_.first_position, R::kRotaryPairs));
    return Core::Run(CallOf(0, c_.tokens), *workspace_);
  }

  const RotaryCase& c_;
  Rope<R::kRotaryDim> rope_;
  std::vector<float> q_, k_, v_, out_;
  std::unique_ptr<KvCache<Config>> cache_;
  std::unique_ptr<typename Core::Workspace> workspace_;
};

template <class Config>
std::vector<float> Output(const RotaryCase& c, Way way) {
  return Problem<Config>(c).Output(way);
}

template <class Case>
std::vector<float> OutputOf(const Case& c, Way way) {
#define FOVEA_ROTARY_ATTENTION_CONFIG(dim_, rotary_, heads_, kv_, pairs_,      \
                                      window_, sinks_)                         \
  if constexpr (IsInReducedSuite(dim_, rotary_, window_)) {                    \
    if (c.head_dim == dim_ && c.rotary_dim == rotary_ && c.heads == heads_ &&  \
        c.kv_heads == kv_ && c.interleaved == pairs_ && c.window == window_ && \
        c.sinks == sinks_) {                                                   \
      return Output<                                                           \
          RotaryConfig<dim_, rotary_, heads_, kv_, pairs_, window_, sinks_>>(  \
          c, way);                                                             \
    }                                                                          \
  }
#include "tests/golden/rotary_attention_configs.inc"
#undef FOVEA_ROTARY_ATTENTION_CONFIG
  ADD_FAILURE() << c.name << ": no such configuration";
  return {};
}

std::vector<float> Output(const RotaryCase& c, Way way) {
  return OutputOf(c, way);
}

void ExpectTheBitsOfOneStep(Way way) {
  for (const RotaryCase& c : Cases()) {
    ExpectSameBits(c.name, Output(c, way), Output(c, Way::kWhole));
  }
}

TEST(RotaryAttentionGolden, IsAsExactAsPyTorchAndHasTheCommittedBits) {
  ExpectGolden("rotary_attention", Cases(), kRotaryAttentionExpected, kHashes,
               [](const RotaryCase& c) { return Output(c, Way::kWhole); });
}

TEST(RotaryAttentionGolden, ChunksGiveTheBitsOfOneStep) {
  ExpectTheBitsOfOneStep(Way::kChunks);
}

TEST(RotaryAttentionGolden, AppendAndAttendGiveTheBitsOfOneStep) {
  ExpectTheBitsOfOneStep(Way::kAppend);
}

TEST(RotaryAttentionGolden, KeysTurnedBeforeGiveTheBitsOfOneStep) {
  ExpectTheBitsOfOneStep(Way::kRun);
}

}  // namespace
}  // namespace fovea::golden
