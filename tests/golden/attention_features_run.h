// SPDX-License-Identifier: Apache-2.0
// Runs a case of attention_features.inc through the library, in each way that a
// caller may, and through the reference.
#ifndef FOVEA_TESTS_GOLDEN_ATTENTION_FEATURES_RUN_H_
#define FOVEA_TESTS_GOLDEN_ATTENTION_FEATURES_RUN_H_

#include <stddef.h>
#include <stdint.h>

#include <cmath>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "tests/golden/attention_features_case.h"
#include "tests/golden/attention_policies.h"
#include "tests/golden/poison.h"
#include "tests/golden/tensor.h"
#include "tests/reference/call_reference.h"

namespace fovea::golden {

// The table's largest case, and what all of its configurations write.
struct FeaturesConfig : AttentionConfig {
  static constexpr size_t kMaxKeys = 300;
  static constexpr bool kLse = true;
};

enum class Way : uint8_t {
  kOneShot,
  kTwoParts,
  kThreeParts,
  kSevenParts,
  kCache,         // all keys in the cache, then attend to it
  kCacheInParts,  // the same by three workers
  kSteps,         // a stream token by token through the cache
  kChunks,        // a stream in chunks of random sizes
};

// An element that a way of calling does not compute: the score of a key that
// the stream has not brought yet.
inline float NotComputed() { return FloatOf(kQuietNan + 0xbad); }

struct FeaturesOutcome {
  Status status = Status::kOk;
  bool padding_is_untouched = true;
  std::vector<float> out;      // [batch][head][query][value_dim]
  std::vector<float> lse;      // [batch][head][query]
  std::vector<float> weights;  // [batch][head][query][key], or empty
  std::vector<float> scores;   // likewise
};

struct FeaturesReference {
  reference::AttentionResult result;
  std::vector<double> scores;  // of the config's stage, or empty
  std::vector<bool> hidden;    // [batch][head][query][key]
};

// One for each configuration of the table.
struct FeaturesEntry {
  const char* name;
  size_t heads, value_dim, max_queries;
  bool causal, has_mask, has_softcap;
  FeaturesOutcome (*run)(const FeaturesCase&, Way);
  FeaturesReference (*reference)(const FeaturesCase&);
};

// The configurations that a reduced suite keeps: all features together, causal
// and not, and the shapes that take paths of their own. Each takes 5 seconds to
// compile.
constexpr bool IsInReducedSuite(std::string_view config) {
  for (const std::string_view kept :
       {"EveryCausal", "Every", "NarrowValues", "GptOssDraft", "Tiny"}) {
    if (kept == config) return true;
  }
  return false;
}

// Adds the configurations that one of the files instantiates.
constexpr size_t kFeaturesParts = 4;
template <size_t kPart>
void AddFeaturesEntries(std::vector<FeaturesEntry>& entries);

// Whether a way leads to the same outcome as one call of Run.
inline bool Goes(const FeaturesEntry& entry, const FeaturesCase& c, Way way) {
  switch (way) {
    case Way::kOneShot:
    case Way::kTwoParts:
    case Way::kThreeParts:
    case Way::kSevenParts:
      return true;
    case Way::kCache:
    case Way::kCacheInParts:
      return c.batch == 1 && c.shorter == 0;
    case Way::kSteps:
    case Way::kChunks:
      return c.batch == 1 && c.shorter == 0 && entry.causal &&
             c.queries == c.keys && c.first_position == 0;
  }
  return false;
}

// A mask in memory: rows without gaps, so that the heap's guards begin where
// the last row ends.
template <class T>
class MaskTensor {
 public:
  MaskTensor(const FeaturesCase& c, size_t heads)
      : shape_(c, heads), values_(shape_.rows() * shape_.keys) {
    for (size_t i = 0; i < values_.size(); ++i) {
      MaskValue(c, MaskShows(c, shape_, i), i, &values_[i]);
    }
  }

  View<const T> view(size_t first_query = 0) const {
    const auto stride = [](size_t extent, size_t size) {
      return extent == 1 ? 0 : size;
    };
    View<const T> view;
    view.batch_stride =
        stride(shape_.batch, shape_.heads * shape_.queries * shape_.keys);
    view.head_stride = stride(shape_.heads, shape_.queries * shape_.keys);
    view.token_stride = stride(shape_.queries, shape_.keys);
    view.data = values_.data() + first_query * view.token_stride;
    return view;
  }

  size_t keys() const { return shape_.keys; }

 private:
  MaskShape shape_;
  std::vector<T> values_;
};

template <class Config>
struct FeaturesTensors {
  using R = Resolved<Config>;

  explicit FeaturesTensors(const FeaturesCase& c)
      : q(c.layout, c.batch, R::kHeads, c.queries, R::kHeadDim, 1),
        k(c.layout, c.batch, R::kKvHeads, c.keys, R::kHeadDim, 3),
        v(c.layout, c.batch, R::kKvHeads, c.keys, R::kValueDim, 5),
        out(c.layout, c.batch, R::kHeads, c.queries, R::kValueDim, 7),
        mask(c, R::kHeads),
        bias(c, R::kHeads),
        lengths(LengthsOf(c)),
        slopes(SlopesOf(c, R::kHeads)),
        sinks(SinkLogitsOf(c, R::kHeads)) {
    const Stream queries(c.seed, kQueries), keys(c.seed, kKeys);
    const Stream values(c.seed, kValues);
    for (size_t i = 0; i < q.size(); ++i) q[i] = queries[i];
    for (size_t i = 0; i < k.size(); ++i) k[i] = keys[i];
    for (size_t i = 0; i < v.size(); ++i) v[i] = values[i];
  }

  Tensor q, k, v, out;
  MaskTensor<uint8_t> mask;
  MaskTensor<float> bias;
  std::vector<size_t> lengths;
  std::vector<float> slopes, sinks;
};

// What one call writes beside its output.
template <class Config>
struct SideOutputs {
  using R = Resolved<Config>;

  SideOutputs(const FeaturesCase& c, size_t queries, size_t keys)
      : lse(c.batch * R::kHeads * queries, NotComputed()),
        weights(R::kWeights ? lse.size() * keys : 0, NotComputed()),
        scores(R::kScores == ScoreStage::kNone ? 0 : lse.size() * keys,
               NotComputed()) {}

  std::vector<float> lse, weights, scores;
};

template <class Config>
struct FeaturesRunner {
  using R = Resolved<Config>;
  using Call = typename Attention<Config>::Call;
  using Workspace = typename Attention<Config>::Workspace;
  using Tensors = FeaturesTensors<Config>;
  using Side = SideOutputs<Config>;

  // Queries [first, first + queries) over `keys` keys.
  static Call CallOf(const FeaturesCase& c, Tensors& t, Side& side,
                     size_t first, size_t queries, size_t keys) {
    Call call;
    call.q = t.q.const_view(first);
    call.k = t.k.const_view(first);
    call.v = t.v.const_view(first);
    call.out = t.out.view(first);
    call.batch = c.batch;
    call.queries = queries;
    call.keys = keys;
    call.first_position = c.first_position;
    call.scale = c.scale;
    if (!t.lengths.empty()) call.key_lengths = t.lengths.data();
    if constexpr (R::kMask == MaskKind::kBoolean) {
      call.mask = t.mask.view(first);
      call.mask_keys = MaskKeys(c, t.mask.keys(), keys);
    }
    if constexpr (R::kMask == MaskKind::kAdditive) {
      call.bias = t.bias.view(first);
      call.mask_keys = MaskKeys(c, t.bias.keys(), keys);
    }
    if constexpr (R::kSoftcap) call.softcap = c.softcap;
    if constexpr (R::kAlibi) call.alibi_slopes = t.slopes.data();
    if constexpr (R::kSinkLogits) call.sink_logits = t.sinks.data();
    if constexpr (!std::is_void<typename R::ScorePolicy>::value) {
      call.score_policy = R::ScorePolicy::Of(c.seed);
    }
    call.lse = side.lse.data();
    if constexpr (R::kWeights) call.weights = side.weights.data();
    if constexpr (R::kScores != ScoreStage::kNone) {
      call.scores = side.scores.data();
    }
    return call;
  }

  // A step's mask has no columns for keys to come.
  static size_t MaskKeys(const FeaturesCase& c, size_t columns, size_t keys) {
    if (c.mask_keys == 0 && columns == keys) return 0;
    return columns < keys ? columns : keys;
  }

  static Status RunParts(const Call& call, size_t parts) {
    for (size_t part = parts; part-- > 0;) {
      const auto workspace = MakePoisoned<Workspace>();
      const Status status =
          Attention<Config>::Run(call, *workspace, part, parts);
      if (status != Status::kOk) return status;
    }
    return Status::kOk;
  }

  static Status AttendCache(const Call& call, size_t parts) {
    const auto workspace = MakePoisoned<Workspace>();
    const auto cache = MakePoisoned<KvCache<Config>>();
    cache->Clear();
    Status status = cache->Append(call.k, call.v, call.keys);
    if (parts == 1 && status == Status::kOk) {
      return Attention<Config>::Attend(call, *cache, *workspace);
    }
    for (size_t part = 0; part < parts && status == Status::kOk; ++part) {
      status = Attention<Config>::Attend(call, *cache, *workspace, part, parts);
    }
    return status;
  }

  // Sizes 1 to 37, and now and then one that spans tiles.
  static size_t ChunkSize(const FeaturesCase& c, size_t chunk) {
    const uint64_t random = Mix64(c.seed + chunk);
    const size_t size =
        1 + (random % 4 == 0 ? (random >> 8) % 130 : (random >> 8) % 37);
    return size < R::kMaxQueries ? size : R::kMaxQueries;
  }

  static Status RunStream(const FeaturesCase& c, Tensors& t, bool in_chunks,
                          Side& whole) {
    const auto workspace = MakePoisoned<Workspace>();
    const auto cache = MakePoisoned<KvCache<Config>>();
    cache->Clear();
    size_t tokens = 0;
    for (size_t at = 0, chunk = 0; at < c.queries; at += tokens, ++chunk) {
      tokens = in_chunks ? ChunkSize(c, chunk) : 1;
      if (tokens > c.queries - at) tokens = c.queries - at;
      Side side(c, tokens, at + tokens);
      const Call call = CallOf(c, t, side, at, tokens, at + tokens);
      const Status status = Attention<Config>::Step(call, *cache, *workspace);
      if (status != Status::kOk) return status;
      JoinStep(c, at, tokens, side, whole);
    }
    return Status::kOk;
  }

  // Rows [at, at + tokens) of a stream, whose keys are at + tokens so far.
  // Those to come are hidden from them.
  static void JoinStep(const FeaturesCase& c, size_t at, size_t tokens,
                       const Side& side, Side& whole) {
    for (size_t row = 0; row < R::kHeads * tokens; ++row) {
      const size_t to = row / tokens * c.queries + at + row % tokens;
      whole.lse[to] = side.lse[row];
      JoinKeys(c.keys, to, side.weights, row, at + tokens, 0, whole.weights);
      const float hidden =
          R::kScores == ScoreStage::kMasked ? -HUGE_VALF : NotComputed();
      JoinKeys(c.keys, to, side.scores, row, at + tokens, hidden, whole.scores);
    }
  }

  static void JoinKeys(size_t keys, size_t to, const std::vector<float>& part,
                       size_t row, size_t known, float hidden,
                       std::vector<float>& whole) {
    if (whole.empty()) return;
    for (size_t j = 0; j < keys; ++j) {
      whole[to * keys + j] = j < known ? part[row * known + j] : hidden;
    }
  }

  static Status RunTheWay(const FeaturesCase& c, Way way, Tensors& t,
                          Side& side) {
    const Call call = CallOf(c, t, side, 0, c.queries, c.keys);
    switch (way) {
      case Way::kOneShot: {
        const auto workspace = MakePoisoned<Workspace>();
        return Attention<Config>::Run(call, *workspace);
      }
      case Way::kTwoParts:
        return RunParts(call, 2);
      case Way::kThreeParts:
        return RunParts(call, 3);
      case Way::kSevenParts:
        return RunParts(call, 7);
      case Way::kCache:
        return AttendCache(call, 1);
      case Way::kCacheInParts:
        return AttendCache(call, 3);
      case Way::kSteps:
        return RunStream(c, t, false, side);
      case Way::kChunks:
        return RunStream(c, t, true, side);
    }
    return Status::kUnsupported;
  }

  static FeaturesOutcome Run(const FeaturesCase& c, Way way) {
    Tensors t(c);
    Side side(c, c.queries, c.keys);
    FeaturesOutcome outcome;
    outcome.status = RunTheWay(c, way, t, side);
    outcome.padding_is_untouched = t.out.PaddingIsUntouched();
    outcome.out = t.out.Flat();
    outcome.lse = side.lse;
    outcome.weights = side.weights;
    outcome.scores = side.scores;
    return outcome;
  }

  static FeaturesReference Reference(const FeaturesCase& c) {
    Tensors t(c);
    Side side(c, c.queries, c.keys);
    const reference::CallReference<Config> call(
        CallOf(c, t, side, 0, c.queries, c.keys));
    FeaturesReference all;
    all.result = call.Run();
    all.hidden.reserve(side.lse.size() * c.keys);
    all.scores.reserve(side.scores.size());
    for (size_t row = 0; row < side.lse.size(); ++row) {
      const size_t i = row % c.queries, h = row / c.queries % R::kHeads;
      const size_t b = row / (c.queries * R::kHeads);
      for (size_t j = 0; j < c.keys; ++j) {
        all.hidden.push_back(call.Masked(b, h, i, j) == reference::kHidden);
        if (!side.scores.empty()) all.scores.push_back(call.Stage(b, h, i, j));
      }
    }
    return all;
  }
};

template <class Config>
constexpr FeaturesEntry EntryOf(const char* name) {
  using R = Resolved<Config>;
  return {name,
          R::kHeads,
          R::kValueDim,
          R::kMaxQueries,
          R::kCausal,
          R::kMask != MaskKind::kNone,
          R::kSoftcap,
          &FeaturesRunner<Config>::Run,
          &FeaturesRunner<Config>::Reference};
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_ATTENTION_FEATURES_RUN_H_
