// SPDX-License-Identifier: Apache-2.0
// The compile-time description of an attention: derive from AttentionConfig
// and name only what differs.
#ifndef FOVEA_CONFIG_H_
#define FOVEA_CONFIG_H_

#include <cstddef>
#include <type_traits>

namespace fovea {

//   struct MyConfig : fovea::AttentionConfig {
//     static constexpr size_t kHeads = 4, kKvHeads = 2, kHeadDim = 32;
//     static constexpr size_t kMaxQueries = 1, kMaxKeys = 256;
//     static constexpr bool kCausal = true;
//   };
struct AttentionConfig {
  using Element = float;       // of q, k, v and out
  using CacheElement = float;  // of a KvCache

  static constexpr size_t kHeads = 1;       // query heads
  static constexpr size_t kKvHeads = 0;     // divides kHeads; 0: as kHeads
  static constexpr size_t kHeadDim = 64;    // of q and k, 1 to 256
  static constexpr size_t kValueDim = 0;    // of v and out; 0: as kHeadDim
  static constexpr size_t kMaxQueries = 1;  // tokens of q in one call
  static constexpr size_t kMaxKeys = 128;   // tokens of k, and of a cache
  static constexpr bool kCausal = false;  // see Attention::Call::first_position
};

// The config with its defaults filled in and its rules checked.
template <class Config>
struct Resolved {
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

  static_assert(std::is_same<typename Config::Element, float>::value,
                "Element must be float");
  static_assert(std::is_same<typename Config::CacheElement, float>::value,
                "CacheElement must be float");
  static_assert(kHeads > 0 && kHeads % kKvHeads == 0,
                "kKvHeads must divide kHeads");
  static_assert(kHeadDim >= 1 && kHeadDim <= 256, "kHeadDim must be 1 to 256");
  static_assert(kValueDim >= 1 && kValueDim <= 256,
                "kValueDim must be 1 to 256");
  static_assert(kMaxQueries > 0 && kMaxKeys > 0,
                "kMaxQueries and kMaxKeys must not be 0");
  static_assert(kMaxKeys <= (size_t{1} << 24), "kMaxKeys must be at most 2^24");
};

}  // namespace fovea

#endif  // FOVEA_CONFIG_H_
