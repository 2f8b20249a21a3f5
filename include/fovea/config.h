// SPDX-License-Identifier: Apache-2.0
// The compile-time description of an attention: derive from AttentionConfig
// and name only what differs.
#ifndef FOVEA_CONFIG_H_
#define FOVEA_CONFIG_H_

#include <hwy/base.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace fovea {

// The mask that a call brings along.
enum class MaskKind : uint8_t {
  kNone,
  kBoolean,   // Call::mask: a byte a key, 0 hides it
  kAdditive,  // Call::bias: a float a key, added to the score; -inf hides it
  kBlock,  // Call::block_mask: a byte for 64 queries by 64 keys, 0 hides them
  kAny,    // mask, bias and block_mask, each of which a call may leave out
};

// Whether calls have that member.
constexpr bool TakesMask(MaskKind kind) {
  return kind == MaskKind::kBoolean || kind == MaskKind::kAny;
}
constexpr bool TakesBias(MaskKind kind) {
  return kind == MaskKind::kAdditive || kind == MaskKind::kAny;
}
constexpr bool TakesBlockMask(MaskKind kind) {
  return kind == MaskKind::kBlock || kind == MaskKind::kAny;
}

// Tokens of a block of a block mask, on both axes.
constexpr size_t kMaskBlock = 64;
constexpr size_t MaskBlocks(size_t tokens) {
  return (tokens + kMaskBlock - 1) / kMaskBlock;
}

// Which scores a call writes to Call::scores (the qk_matmul_output_mode of
// ONNX's Attention operator; its fourth one, the weights, is kWeights).
enum class ScoreStage : uint8_t {
  kNone,
  kScaled,      // scale * q . k of every key, hidden or not
  kSoftcapped,  // with the softcap, of every key
  kMasked,      // as the softmax sees it: with ALiBi and bias; hidden: -inf
};

// Which dims of a head turn together (rope.h).
enum class RopePairs : uint8_t {
  kHalfSplit,    // (x[i], x[i + dim/2]): Llama in Hugging Face's form, NeoX
  kInterleaved,  // (x[2 i], x[2 i + 1]): the paper, GPT-J
};

// What the products of an attention are computed in (docs/numerics.md).
enum class Arithmetic : uint8_t {
  kFloat,
  // q . k in int8, keys stored so; softmax and P.V in float.
  kInt8Scores,
  // P.V in int8 too: check it on data of your own with CheckInt8 (check_int8.h)
  kInt8,
};

//   struct MyConfig : fovea::AttentionConfig {
//     static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 32;
//     static constexpr size_t kMaxQueries = 1, kMaxKeys = 256;
//     static constexpr bool kCausal = true;
//   };
struct AttentionConfig {
  using Element = float;  // of q, k, v and out
  // Of a KvCache: float, or hwy::bfloat16_t or hwy::float16_t for half of the
  // memory; keys and values are rounded to it, and computed with in float.
  // int8_t for a quarter: each row has a scale, and products are integers.
  using CacheElement = float;
  // Of Run as of a cache, whose bits agree.  Other than kFloat needs
  // CacheElement = int8_t, refuses keys (and kInt8 values) that are not finite,
  // and has a Workspace that grows with kMaxKeys: Run quantises the keys of one
  // head at a time there.  kInt8Scores keeps the values of a cache as float.
  static constexpr Arithmetic kArithmetic = Arithmetic::kFloat;

  static constexpr size_t kHeads = 1;       // query heads
  static constexpr size_t kKvHeads = 0;     // divides kHeads; 0: as kHeads
  static constexpr size_t kHeadDim = 64;    // of q and k, 1 to 256
  static constexpr size_t kValueDim = 0;    // of v and out; 0: as kHeadDim
  static constexpr size_t kMaxQueries = 1;  // tokens of q in one call
  static constexpr size_t kMaxKeys = 128;   // tokens of k, and of a cache
  static constexpr bool kCausal = false;  // see Attention::Call::first_position

  // What follows is off unless named, and then costs no flash, no RAM and no
  // cycle: the inputs it would need are not even members of a Call
  // (call_options.h).

  // A query at position p sees key j only if p - j < kWindow (and, without
  // kCausal, j - p < kWindow).  0: no window.
  static constexpr size_t kWindow = 0;
  // The first keys of the stream, which stay visible though the window has
  // passed them (attention sinks, arXiv 2309.17453).  Needs kWindow.
  static constexpr size_t kSinks = 0;
  // A KvCache keeps the kSinks first tokens of a stream and the newest ones
  // that the window needs, and the stream has no end; kMaxKeys bounds Run
  // alone.  Needs kCausal and kWindow; not with kMask, kWeights or kScores.
  static constexpr bool kRing = false;
  static constexpr MaskKind kMask = MaskKind::kNone;
  static constexpr bool kSoftcap = false;     // Call::softcap
  static constexpr bool kAlibi = false;       // Call::alibi_slopes
  static constexpr bool kSinkLogits = false;  // Call::sink_logits
  // The first dims of q and k that turn with the position (rope.h), even and at
  // most kHeadDim: queries in every call, keys on their way into a cache.  Run
  // takes keys that Rope::Apply has turned.
  static constexpr size_t kRotaryDim = 0;  // Call::rope
  static constexpr RopePairs kRotaryPairs = RopePairs::kHalfSplit;
  // Positions of the RopeTable that a call looks angles up in; 0: a Rope, which
  // computes them.
  static constexpr size_t kRotaryPositions = 0;
  // A functor that changes scores, inlined into the kernel (score_policy.h).
  using ScorePolicy = void;
  // An int8 cache stores keys less a mean of earlier ones, for channels that
  // are large in all of them; exact but for the rounding of less.  One for each
  // 64 tokens, which is a sixteenth of the keys' memory.  Other Arithmetic than
  // kFloat then also keeps the two channels that varied most among those as
  // float, where they are outliers.
  static constexpr bool kSmoothKeys = true;
  static constexpr bool kLse = false;                       // Call::lse
  static constexpr bool kWeights = false;                   // Call::weights
  static constexpr ScoreStage kScores = ScoreStage::kNone;  // Call::scores
};

// The config with its defaults filled in and its rules checked.
template <class Config>
struct Resolved {
  static constexpr Arithmetic kArithmetic = Config::kArithmetic;
  static constexpr size_t kHeads = Config::kHeads;
  static constexpr size_t kKvHeads =
      Config::kKvHeads == 0 ? kHeads : Config::kKvHeads;
  static constexpr size_t kGroup = kHeads / kKvHeads;  // heads a kv head
  static constexpr size_t kHeadDim = Config::kHeadDim;
  static constexpr size_t kValueDim =
      Config::kValueDim == 0 ? kHeadDim : Config::kValueDim;
  static constexpr size_t kMaxQueries = Config::kMaxQueries;
  static constexpr size_t kMaxKeys = Config::kMaxKeys;
  static constexpr bool kCausal = Config::kCausal;
  static constexpr size_t kWindow = Config::kWindow;
  static constexpr size_t kSinks = Config::kSinks;
  static constexpr bool kRing = Config::kRing;
  static constexpr MaskKind kMask = Config::kMask;
  static constexpr bool kSoftcap = Config::kSoftcap;
  static constexpr bool kAlibi = Config::kAlibi;
  static constexpr bool kSinkLogits = Config::kSinkLogits;
  static constexpr size_t kRotaryDim = Config::kRotaryDim;
  static constexpr RopePairs kRotaryPairs = Config::kRotaryPairs;
  static constexpr size_t kRotaryPositions = Config::kRotaryPositions;
  using ScorePolicy = typename Config::ScorePolicy;
  static constexpr bool kSmoothKeys = Config::kSmoothKeys;
  static constexpr bool kKeyMeans =  // see KeyMeans
      kSmoothKeys && std::is_same<typename Config::CacheElement, int8_t>::value;
  static constexpr bool kLse = Config::kLse;
  static constexpr bool kWeights = Config::kWeights;
  static constexpr ScoreStage kScores = Config::kScores;

  static_assert(std::is_same<typename Config::Element, float>::value,
                "Element must be float");
  static_assert(
      std::is_same<typename Config::CacheElement, float>::value ||
          std::is_same<typename Config::CacheElement, hwy::bfloat16_t>::value ||
          std::is_same<typename Config::CacheElement, hwy::float16_t>::value ||
          std::is_same<typename Config::CacheElement, int8_t>::value,
      "CacheElement must be float, hwy::bfloat16_t, hwy::float16_t or int8_t");
  static_assert(kArithmetic == Arithmetic::kFloat ||
                    std::is_same<typename Config::CacheElement, int8_t>::value,
                "kArithmetic in int8 needs a CacheElement of int8_t");
  static_assert(kHeads > 0 && kHeads % kKvHeads == 0,
                "kKvHeads must divide kHeads");
  static_assert(kHeadDim >= 1 && kHeadDim <= 256, "kHeadDim must be 1 to 256");
  static_assert(kValueDim >= 1 && kValueDim <= 256,
                "kValueDim must be 1 to 256");
  static_assert(kMaxQueries > 0 && kMaxKeys > 0,
                "kMaxQueries and kMaxKeys must not be 0");
  static_assert(kMaxKeys <= (size_t{1} << 24), "kMaxKeys must be at most 2^24");
  static_assert(kRotaryDim <= kHeadDim && kRotaryDim % 2 == 0,
                "kRotaryDim is even and at most kHeadDim");
  static_assert(kRotaryDim > 0 || kRotaryPositions == 0,
                "kRotaryPositions needs a kRotaryDim");
  static_assert(kSinks == 0 || kWindow > 0, "kSinks needs a kWindow");
  static_assert(!kRing || (kCausal && kWindow > 0),
                "kRing needs kCausal and a kWindow");
  static_assert(!kRing || (kMask == MaskKind::kNone && !kWeights &&
                           kScores == ScoreStage::kNone),
                "the keys of a ring have no end: no kMask, kWeights, kScores");
  static_assert(kWindow <= (size_t{1} << 24) && kSinks <= (size_t{1} << 24),
                "kWindow and kSinks must be at most 2^24");
};

}  // namespace fovea

#endif  // FOVEA_CONFIG_H_
