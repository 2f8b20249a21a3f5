// SPDX-License-Identifier: Apache-2.0
// Defines FOVEA_INT8_REFERENCE, FusedInt8 or UnfusedInt8, for the target of the
// including file.
#include <string.h>

#include <algorithm>
#include <memory>
#include <type_traits>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "tests/golden/poison.h"
#include "tests/library/int8_cases.h"

namespace fovea::golden {
namespace {

template <class Config>
struct TemplateRun {
  using R = Resolved<Config>;
  using Attention = fovea::Attention<Config>;
  using Call = typename Attention::Call;

  static void SetOptions(const Int8Inputs<Config>& in, Call& call) {
    if (Config::kBatch > 1) call.key_lengths = in.lengths.data();
    if constexpr (R::kMask == MaskKind::kBoolean) {
      call.mask = {in.mask.data(), 0, 0, Config::kTokens};
    }
    if constexpr (R::kMask == MaskKind::kAdditive) {
      call.bias = {in.bias.data(), 0, 0, Config::kTokens};
    }
    if constexpr (R::kSoftcap) call.softcap = kInt8Softcap;
    if constexpr (R::kAlibi) call.alibi_slopes = in.slopes.data();
    if constexpr (R::kSinkLogits) call.sink_logits = in.sinks.data();
  }

  // Tokens [first, first + count).
  static void SetTensors(const Int8Inputs<Config>& in, size_t first,
                         size_t count, Int8Outputs& out, Call& call) {
    constexpr size_t kQuery = R::kHeads * R::kHeadDim;
    constexpr size_t kKey = R::kKvHeads * R::kHeadDim;
    constexpr size_t kValue = R::kKvHeads * R::kValueDim;
    constexpr size_t kOut = R::kHeads * R::kValueDim;
    const auto tokens = Config::kTokens;
    call.q = TokenMajor(&in.q[first * kQuery], R::kHeads, tokens, R::kHeadDim);
    call.k = TokenMajor(&in.k[first * kKey], R::kKvHeads, tokens, R::kHeadDim);
    call.v =
        TokenMajor(&in.v[first * kValue], R::kKvHeads, tokens, R::kValueDim);
    call.out =
        TokenMajor(&out.out[first * kOut], R::kHeads, tokens, R::kValueDim);
    call.batch = Config::kBatch;
    call.queries = call.keys = count;
  }

  static Int8Outputs Run() {
    const Int8Inputs<Config> in;
    Int8Outputs out = Int8Outputs::Of<Config>();
    Call call;
    SetTensors(in, 0, Config::kTokens, out, call);
    SetOptions(in, call);
    call.lse = out.lse.data();
    if constexpr (R::kWeights) call.weights = out.weights.data();
    if constexpr (R::kScores != ScoreStage::kNone) {
      call.scores = out.scores.data();
    }
    const auto workspace = MakePoisoned<typename Attention::Workspace>();
    if (Attention::Run(call, *workspace) != Status::kOk) out.out.clear();
    return out;
  }

  static Int8Outputs Steps() {
    const Int8Inputs<Config> in;
    Int8Outputs out = Int8Outputs::Of<Config>();
    const auto workspace = MakePoisoned<typename Attention::Workspace>();
    const auto cache = MakePoisoned<KvCache<Config>>();
    const Rope<R::kRotaryDim> rope;
    cache->Clear();
    for (size_t first = 0; first < Config::kTokens;) {
      const size_t left = Config::kTokens - first;
      const size_t count = std::min(left, Config::kMaxQueries);
      Call call;
      SetTensors(in, first, count, out, call);
      call.rope = &rope;
      call.rotary_position = kInt8RotaryPosition;
      if (Attention::Step(call, *cache, *workspace) != Status::kOk) {
        out.out.clear();
        break;
      }
      first += count;
    }
    return out;
  }
};

}  // namespace

Int8Outputs FOVEA_INT8_REFERENCE(const char* name) {
  if (strcmp(name, "RingScores") == 0) {
    return TemplateRun<RingScores>::Steps();
  }
#define FOVEA_INT8_CASE(config) \
  if (strcmp(name, #config) == 0) return TemplateRun<config>::Run();
  FOVEA_INT8_RUN_CASES(FOVEA_INT8_CASE)
#undef FOVEA_INT8_CASE
  return {};
}

}  // namespace fovea::golden
