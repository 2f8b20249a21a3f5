// SPDX-License-Identifier: Apache-2.0
// Reads tinylm's weights file; its layout is described in weights_file.py.
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

// The file's bytes, aligned for the kernels: floats are used where they lie.
struct alignas(64) WeightsFile {
  unsigned char bytes[kFileBytes];
};

// Reads and checks `path` into `file` and points `weights` into it.  Returns
// null, or what is wrong with the file; `weights` is then as it was.
const char* LoadWeights(const char* path, WeightsFile& file, Weights& weights);

// The same for the first `size` bytes of a file that lie in `file` already:
// all of them, or kFileBytes + 1 of a longer one, whose rest is not looked at.
// Tensors of float16 become floats in their place.
const char* UseWeights(WeightsFile& file, size_t size, Weights& weights);

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_WEIGHTS_H_
