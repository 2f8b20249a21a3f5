// SPDX-License-Identifier: Apache-2.0
// tinylm's weights where they lie; the layout of their file is described in
// weights_file.py.
#ifndef FOVEA_EXAMPLES_TINYLM_WEIGHTS_H_
#define FOVEA_EXAMPLES_TINYLM_WEIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "fovea/linear.h"
#include "fovea/linear_int8.h"
#include "shape.h"

namespace tinylm {

// Element: of the linear layers' weights, float or int8_t.
template <class Element>
using LinearWeightsOf =
    std::conditional_t<std::is_same_v<Element, int8_t>,
                       fovea::LinearInt8Weights, fovea::LinearWeights>;

template <class Element>
struct LayerWeightsIn {
  const float* attention_norm;
  LinearWeightsOf<Element> q, k, v, out;
  const float* ffn_norm;
  LinearWeightsOf<Element> gate, up, down;
};

template <class Element>
struct WeightsIn {
  LinearWeightsOf<Element> embedding;  // input rows and output layer in one
  LayerWeightsIn<Element> layers[kLayers];
  const float* norm;
  double held_out_loss;  // of the float32 weights, nats per byte
};

using LayerWeights = LayerWeightsIn<float>;
using Weights = WeightsIn<float>;
using Int8Weights = WeightsIn<int8_t>;

// Of a file: the floats of its norms, the inputs times the outputs of all its
// linear layers, and their outputs.
constexpr size_t kHeaderBytes = 128;
constexpr size_t kNormFloats = (2 * kLayers + 1) * kWidth;
constexpr size_t kProducts =
    kVocab * kWidth +
    kLayers * kWidth * (2 * kQueryRow + 2 * kKeyRow + 3 * kHidden);
constexpr size_t kOutputs =
    kVocab + kLayers * (kQueryRow + 2 * kKeyRow + 2 * kWidth + 2 * kHidden);
constexpr size_t kFileBytes =
    kHeaderBytes + (kNormFloats + kProducts) * sizeof(float);
// Of a file whose tensors are float16, or whose linear layers are int8.
constexpr size_t kFloat16FileBytes =
    kHeaderBytes + (kFileBytes - kHeaderBytes) / 2;
constexpr size_t kInt8FileBytes =
    kHeaderBytes + (kNormFloats + kOutputs) * sizeof(float) + kProducts;
template <class Element>
constexpr size_t kBytesIn =
    std::is_same_v<Element, int8_t> ? kInt8FileBytes : kFileBytes;

// The file's bytes, aligned for the kernels: they are used where they lie.
template <class Element>
struct alignas(64) WeightsFileIn {
  unsigned char bytes[kBytesIn<Element>];
};
using WeightsFile = WeightsFileIn<float>;  // has room for every kind
using Int8WeightsFile = WeightsFileIn<int8_t>;

enum class WeightsKind : uint32_t { kFloat = 1, kFloat16 = 2, kInt8 = 3 };

// Null if the first `size` bytes are a good file of any kind, else what is
// wrong with them.  Of a longer file, kFileBytes + 1 for its size is enough.
const char* CheckWeights(const unsigned char* file, size_t size);

// Of a file that is good.
WeightsKind KindOf(const unsigned char* file);
size_t SizeOf(const unsigned char* file);

// Points into a good file of that kind, aligned as a WeightsFile is.
void PointInto(const unsigned char* file, Weights& weights);
void PointInto(const unsigned char* file, Int8Weights& weights);

// Checks, and points into it; float16 becomes floats in its place.  Returns
// what is wrong with the file, which may be that it is of int8, and changes
// nothing where that is not null.
const char* UseWeights(WeightsFile& file, size_t size, Weights& weights);

// Writes the kind, the size and the checksum into the header of a file.
void Seal(WeightsKind kind, unsigned char* file);

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_WEIGHTS_H_
