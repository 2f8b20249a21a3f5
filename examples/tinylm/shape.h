// SPDX-License-Identifier: Apache-2.0
// The model's shape; train.py trains just this one.
#ifndef FOVEA_EXAMPLES_TINYLM_SHAPE_H_
#define FOVEA_EXAMPLES_TINYLM_SHAPE_H_

#include <cstddef>

namespace tinylm {

constexpr size_t kVocab = 256;  // bytes
constexpr size_t kLayers = 4;
constexpr size_t kWidth = 128;
constexpr size_t kHeads = 4;
constexpr size_t kKvHeads = 2;
constexpr size_t kHeadDim = 32;
constexpr size_t kContext = 256;
constexpr size_t kHidden = 384;
constexpr float kRopeBase = 10000.0f;
constexpr float kNormEps = 1e-5f;

constexpr size_t kQueryRow = kHeads * kHeadDim;
constexpr size_t kKeyRow = kKvHeads * kHeadDim;

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_SHAPE_H_
