// SPDX-License-Identifier: Apache-2.0
// One row of attention_features.inc, and its inputs.
#ifndef FOVEA_TESTS_GOLDEN_ATTENTION_FEATURES_CASE_H_
#define FOVEA_TESTS_GOLDEN_ATTENTION_FEATURES_CASE_H_

#include <stddef.h>
#include <stdint.h>

#include <cmath>
#include <vector>

#include "tests/golden/attention_case.h"
#include "tests/golden/golden.h"

namespace fovea::golden {

// Which keys a mask shows.
enum class MaskRecipe : uint8_t {
  kAll,
  kHoles,         // every other one, at random
  kSparse,        // one in forty: some rows see none
  kBlocks,        // a chessboard of whole tiles
  kPadding,       // all but the last, fewer in each batch entry
  kNoSecondTile,  // all but keys 64 to 127
};

// The axes of a mask that have entries of their own; the others are shared by a
// stride of 0.
enum MaskAxes : uint8_t { kBatchAxis = 1, kHeadAxis = 2, kQueryAxis = 4 };

struct FeaturesCase {
  const char* name;
  const char* config;
  uint16_t batch, queries, keys;
  int16_t first_position;
  Layout layout;
  float scale;       // 0: 1 / sqrt(head_dim)
  float softcap;     // 0: none
  uint16_t shorter;  // keys that each batch entry lacks to the one before
  MaskRecipe mask;
  uint8_t mask_axes;
  uint16_t mask_keys;  // 0: all
  uint64_t seed;
  Expected out, lse, weights, scores;  // count 0: not an output of the config
};

enum FeaturesTensor : uint64_t {
  kQueries,
  kKeys,
  kValues,
  kHoles,
  kBias,
  kSlopes,
  kSinks
};

// The key lengths of the batch; none where all keys count.
inline std::vector<size_t> LengthsOf(const FeaturesCase& c) {
  std::vector<size_t> lengths;
  for (size_t b = 0; c.shorter != 0 && b < c.batch; ++b) {
    lengths.push_back(c.keys - b * c.shorter);
  }
  return lengths;
}

// |U| / 4 a head.
inline std::vector<float> SlopesOf(const FeaturesCase& c, size_t heads) {
  const Stream stream(c.seed, kSlopes);
  std::vector<float> slopes(heads);
  for (size_t h = 0; h < heads; ++h) slopes[h] = std::fabs(stream[h]) * 0.25f;
  return slopes;
}

inline std::vector<float> SinkLogitsOf(const FeaturesCase& c, size_t heads) {
  const Stream stream(c.seed, kSinks);
  std::vector<float> sinks(heads);
  for (size_t h = 0; h < heads; ++h) sinks[h] = stream[h];
  return sinks;
}

// The extents of a mask: 1 for an axis that is shared.
struct MaskShape {
  size_t batch, heads, queries, keys;

  MaskShape(const FeaturesCase& c, size_t all_heads)
      : batch(c.mask_axes & kBatchAxis ? c.batch : 1),
        heads(c.mask_axes & kHeadAxis ? all_heads : 1),
        queries(c.mask_axes & kQueryAxis ? c.queries : 1),
        keys(c.mask_keys == 0 ? c.keys : c.mask_keys) {}

  size_t rows() const { return batch * heads * queries; }
};

// Whether element i of the flattened mask shows its key.
inline bool MaskShows(const FeaturesCase& c, const MaskShape& shape, size_t i) {
  const size_t key = i % shape.keys;
  const size_t query = i / shape.keys % shape.queries;
  const size_t head = i / (shape.keys * shape.queries) % shape.heads;
  const size_t b = i / (shape.keys * shape.queries * shape.heads);
  const Stream holes(c.seed, kHoles);
  switch (c.mask) {
    case MaskRecipe::kAll:
      return true;
    case MaskRecipe::kHoles:
      return holes[i] >= 0;
    case MaskRecipe::kSparse:
      return holes[i] < -1.9f;
    case MaskRecipe::kBlocks:
      return (key / 64 + query / 16 + head + b) % 2 == 0;
    case MaskRecipe::kPadding:
      return key + 1 + 17 * b < shape.keys;
    case MaskRecipe::kNoSecondTile:
      return key / 64 != 1;
  }
  return false;
}

// Any byte but 0 shows a key.
inline void MaskValue(const FeaturesCase&, bool shows, size_t i,
                      uint8_t* value) {
  *value = shows ? static_cast<uint8_t>(1 + i % 255) : 0;
}

inline void MaskValue(const FeaturesCase& c, bool shows, size_t i,
                      float* value) {
  *value = shows ? Stream(c.seed, kBias)[i] : -HUGE_VALF;
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_ATTENTION_FEATURES_CASE_H_
