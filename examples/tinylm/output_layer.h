// SPDX-License-Identifier: Apache-2.0
// From the last norm's rows to logits, by the element of the weights.
#ifndef FOVEA_EXAMPLES_TINYLM_OUTPUT_LAYER_H_
#define FOVEA_EXAMPLES_TINYLM_OUTPUT_LAYER_H_

#include <cstddef>
#include <cstdint>

#include "fovea/linear.h"
#include "fovea/linear_int8.h"
#include "fovea/status.h"
#include "shape.h"

namespace tinylm {

// x [tokens][kWidth], logits [tokens][kVocab].  Without a float more of scratch
// where none is needed, if the workspace is a base.
template <class Element, size_t kMaxTokens>
struct OutputLayer {
  struct Workspace {};
  static fovea::Status Run(const fovea::LinearWeights& weights, const float* x,
                           size_t tokens, float* logits, Workspace&) {
    return fovea::Linear<kWidth, kVocab, kMaxTokens>::Run(
        weights, x, kWidth, tokens, logits, kVocab);
  }
};
template <size_t kMaxTokens>
struct OutputLayer<int8_t, kMaxTokens> {
  using Layer = fovea::LinearInt8<kWidth, kVocab, kMaxTokens>;
  using Workspace = typename Layer::Workspace;
  static fovea::Status Run(const fovea::LinearInt8Weights& weights,
                           const float* x, size_t tokens, float* logits,
                           Workspace& workspace) {
    return Layer::Run(weights, x, kWidth, tokens, logits, kVocab, workspace);
  }
};

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_OUTPUT_LAYER_H_
