// SPDX-License-Identifier: Apache-2.0
// A stream of tokens for the tests of caches: however it is cut into calls, its
// outputs have the bits of one prefill.
#ifndef FOVEA_TESTS_STREAM_PROBLEM_H_
#define FOVEA_TESTS_STREAM_PROBLEM_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "fovea/stored.h"
#include "tests/dice.h"
#include "tests/golden/golden.h"
#include "tests/golden/poison.h"

namespace fovea {

// What a prefill of the whole stream is computed with.
template <class Config, size_t kTokens>
struct PrefillOf : Config {
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kRing = false;
};

template <class Config>
class StreamProblem {
 public:
  using R = Resolved<Config>;
  using Attention = fovea::Attention<Config>;
  using Call = typename Attention::Call;
  using Cache = KvCache<Config>;

  explicit StreamProblem(size_t tokens, uint64_t seed = 1)
      : tokens_(tokens),
        q_(Random(seed, 0, tokens * R::kHeads * R::kHeadDim)),
        k_(Random(seed, 1, tokens * R::kKvHeads * R::kHeadDim)),
        v_(Random(seed, 2, tokens * R::kKvHeads * R::kValueDim)),
        out(tokens * kOutRow),
        lse(tokens * R::kHeads),
        slopes_(R::kHeads),
        sinks_(R::kHeads) {
    for (size_t head = 0; head < R::kHeads; ++head) {
      slopes_[head] = 0.25f / static_cast<float>(head + 1);
      sinks_[head] = static_cast<float>(head) - 1.0f;
    }
  }

  // A call of `count` tokens from `first` on.  Its lse goes to chunk_lse.
  template <class AnyCall>
  void Fill(AnyCall& call, size_t first, size_t count) {
    call.q = Tokens<const float>(q_, R::kHeads, R::kHeadDim, first);
    call.k = Tokens<const float>(k_, R::kKvHeads, R::kHeadDim, first);
    call.v = Tokens<const float>(v_, R::kKvHeads, R::kValueDim, first);
    call.out = Tokens<float>(out, R::kHeads, R::kValueDim, first);
    call.queries = call.keys = count;
    if constexpr (R::kLse) {
      chunk_lse.assign(R::kHeads * count, 0.0f);
      call.lse = chunk_lse.data();
    }
    if constexpr (R::kSoftcap) call.softcap = 1.5f;
    if constexpr (R::kAlibi) call.alibi_slopes = slopes_.data();
    if constexpr (R::kSinkLogits) call.sink_logits = sinks_.data();
    if constexpr (!std::is_void<typename R::ScorePolicy>::value) {
      call.score_policy = R::ScorePolicy::Of(1);
    }
  }

  // Appends tokens [first, first + count) and computes their outputs.
  Status Step(Cache& cache, size_t first, size_t count) {
    const auto workspace =
        golden::MakePoisoned<typename Attention::Workspace>();
    Call call;
    Fill(call, first, count);
    const Status status = Attention::Step(call, cache, *workspace);
    if (status == Status::kOk) KeepLse(first, count);
    return status;
  }

  // Computes the outputs of tokens that the cache holds already.
  Status Attend(const CacheView<Config>& cache, size_t first, size_t count) {
    const auto workspace =
        golden::MakePoisoned<typename Attention::Workspace>();
    Call call;
    Fill(call, first, count);
    call.first_position = static_cast<int64_t>(first);
    const Status status = Attention::Attend(call, cache, *workspace);
    if (status == Status::kOk) KeepLse(first, count);
    return status;
  }

  Status Append(Cache& cache, size_t first, size_t count) {
    Call call;
    Fill(call, first, count);
    return cache.Append(call.k, call.v, count);
  }

  // All of it in one call.
  template <size_t kTokens>
  void Prefill() {
    using Whole = fovea::Attention<PrefillOf<Config, kTokens>>;
    const auto workspace = golden::MakePoisoned<typename Whole::Workspace>();
    typename Whole::Call call;
    Fill(call, 0, tokens_);
    // A cache rounds what it stores.
    const std::vector<float> k = AsStored(k_), v = AsStored(v_);
    call.k = Tokens<const float>(k, R::kKvHeads, R::kHeadDim, 0);
    call.v = Tokens<const float>(v, R::kKvHeads, R::kValueDim, 0);
    ASSERT_EQ(Whole::Run(call, *workspace), Status::kOk);
    KeepLse(0, tokens_);
  }

  // The first of the tokens [first, end) whose output or lse has other bits
  // than the other problem's, or `end`.
  size_t FirstDifference(const StreamProblem& other, size_t first,
                         size_t end) const {
    for (size_t t = first; t < end; ++t) {
      if (!Same(out, other.out, t * kOutRow, kOutRow) ||
          !Same(lse, other.lse, t * R::kHeads, R::kHeads)) {
        return t;
      }
    }
    return end;
  }
  size_t FirstDifference(const StreamProblem& other) const {
    return FirstDifference(other, 0, tokens_);
  }

  size_t tokens() const { return tokens_; }

  // chunk_lse of a call that was good, to where its tokens are in `lse`.
  void KeepLse(size_t first, size_t count) {
    if (!R::kLse) return;
    for (size_t head = 0; head < R::kHeads; ++head) {
      for (size_t t = 0; t < count; ++t) {
        lse[(first + t) * R::kHeads + head] = chunk_lse[head * count + t];
      }
    }
  }

 private:
  static constexpr size_t kOutRow = R::kHeads * R::kValueDim;

  size_t tokens_;
  std::vector<float> q_, k_, v_;

 public:
  std::vector<float> out;        // [token][head][value_dim]
  std::vector<float> lse;        // [token][head]
  std::vector<float> chunk_lse;  // [head][token of the chunk]

 private:
  template <class T, class Vector>
  static View<T> Tokens(Vector& values, size_t heads, size_t dim,
                        size_t first) {
    return TokenMajor<T>(values.data() + first * heads * dim, heads, 0, dim);
  }

  static std::vector<float> Random(uint64_t seed, uint64_t tensor,
                                   size_t count) {
    const golden::Stream stream(seed, tensor);
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = 2.0f * stream[i];
    return values;
  }

  static std::vector<float> AsStored(std::vector<float> values) {
    // In int8 arithmetic a prefill quantises too.
    if constexpr (Config::kArithmetic == Arithmetic::kFloat) {
      for (float& value : values) {
        typename Config::CacheElement stored;
        Store(value, stored);
        value = hwy::ConvertScalarTo<float>(stored);
      }
    }
    return values;
  }

  static bool Same(const std::vector<float>& a, const std::vector<float>& b,
                   size_t first, size_t count) {
    return std::memcmp(a.data() + first, b.data() + first,
                       count * sizeof(float)) == 0;
  }

  std::vector<float> slopes_, sinks_;
};

}  // namespace fovea

#endif  // FOVEA_TESTS_STREAM_PROBLEM_H_
