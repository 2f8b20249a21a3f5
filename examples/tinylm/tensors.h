// SPDX-License-Identifier: Apache-2.0
// The tensors of tinylm in the order of its file, weights_file.py.
#ifndef FOVEA_EXAMPLES_TINYLM_TENSORS_H_
#define FOVEA_EXAMPLES_TINYLM_TENSORS_H_

#include "shape.h"

namespace tinylm {

// AnyWeights: WeightsIn of any element, const or not.  Calls
// next.Linear(weights, inputs, outputs) and next.Vector(pointer, size).
template <class AnyWeights, class Visitor>
void ForEachTensor(AnyWeights& weights, Visitor& next) {
  next.Linear(weights.embedding, kWidth, kVocab);
  for (auto& layer : weights.layers) {
    next.Vector(layer.attention_norm, kWidth);
    next.Linear(layer.q, kWidth, kQueryRow);
    next.Linear(layer.k, kWidth, kKeyRow);
    next.Linear(layer.v, kWidth, kKeyRow);
    next.Linear(layer.out, kQueryRow, kWidth);
    next.Vector(layer.ffn_norm, kWidth);
    next.Linear(layer.gate, kWidth, kHidden);
    next.Linear(layer.up, kWidth, kHidden);
    next.Linear(layer.down, kHidden, kWidth);
  }
  next.Vector(weights.norm, kWidth);
}

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_TENSORS_H_
