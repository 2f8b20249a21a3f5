// SPDX-License-Identifier: Apache-2.0
// tinylm's weights where they lie; the layout of their file is described in
// weights_file.py.
#ifndef FOVEA_EXAMPLES_TINYLM_WEIGHTS_H_
#define FOVEA_EXAMPLES_TINYLM_WEIGHTS_H_

#include <cstddef>
#include <cstdint>

#include "fovea/linear.h"
#include "shape.h"

namespace tinylm {

struct LayerWeights {
  const float* attention_norm;
  fovea::LinearWeights q, k, v, out;
  const float* ffn_norm;
  fovea::LinearWeights gate, up, down;
};

struct Weights {
  fovea::LinearWeights embedding;  // input rows and output layer in one
  LayerWeights layers[kLayers];
  const float* norm;
  double held_out_loss;  // nats per byte
};

constexpr size_t kHeaderBytes = 128;
constexpr size_t kLayerFloats = 2 * kWidth + 2 * kWidth * kQueryRow +
                                2 * kWidth * kKeyRow + 3 * kWidth * kHidden;
constexpr size_t kFileBytes =
    kHeaderBytes +
    (kVocab * kWidth + kLayers * kLayerFloats + kWidth) * sizeof(float);
// Of a file whose tensors are float16.
constexpr size_t kFloat16FileBytes =
    kHeaderBytes + (kFileBytes - kHeaderBytes) / 2;

// The file's bytes, aligned for the kernels: they are used where they lie.
struct alignas(64) WeightsFile {
  unsigned char bytes[kFileBytes];
};

// Null if the first `size` bytes are a good file of either kind, else what is
// wrong with them.  Of a longer file, kFileBytes + 1 for its size is enough.
const char* CheckWeights(const WeightsFile& file, size_t size);

// Points into a file of floats that is good.
void PointInto(const WeightsFile& file, Weights& weights);

// Checks, and points into it; float16 becomes floats in its place.  Returns
// what CheckWeights does, and changes nothing where that is not null.
const char* UseWeights(WeightsFile& file, size_t size, Weights& weights);

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_WEIGHTS_H_
