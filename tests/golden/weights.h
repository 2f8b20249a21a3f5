// SPDX-License-Identifier: Apache-2.0
// Parameters of layers, from the goldens' streams.
#ifndef FOVEA_TESTS_GOLDEN_WEIGHTS_H_
#define FOVEA_TESTS_GOLDEN_WEIGHTS_H_

#include <stddef.h>
#include <stdint.h>

#include <utility>
#include <vector>

#include "fovea/linear.h"
#include "tests/golden/golden.h"
#include "tests/golden/tensor.h"

namespace fovea::golden {

// Tensor number `tensor` of a case, every value times `factor`.
inline std::vector<float> Values(uint64_t seed, uint64_t tensor, size_t count,
                                 float factor = 1) {
  const Stream stream(seed, tensor);
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = stream[i] * factor;
  return values;
}

// Packed weights [outputs][inputs] and, unless it is empty, the bias.
class PackedLayer {
 public:
  PackedLayer(const std::vector<float>& weight, size_t inputs, size_t outputs,
              std::vector<float> bias = {})
      : panels_(PackedLinearFloats(inputs, outputs)), bias_(std::move(bias)) {
    status_ = PackLinear(weight.data(), inputs, outputs, panels_.data());
  }

  LinearWeights weights() const {
    return {panels_.data(), bias_.empty() ? nullptr : bias_.data()};
  }
  Status status() const { return status_; }

 private:
  std::vector<float> panels_, bias_;
  Status status_;
};

// Rows [tokens][dim] with guarded gaps between them.
inline Tensor PaddedRows(size_t tokens, size_t dim, size_t pad) {
  return Tensor(Layout::kPaddedHeads, 1, 1, tokens, dim, pad);
}

inline Tensor PaddedRows(size_t tokens, size_t dim, size_t pad,
                         const std::vector<float>& values) {
  Tensor rows = PaddedRows(tokens, dim, pad);
  for (size_t i = 0; i < values.size(); ++i) rows[i] = values[i];
  return rows;
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_WEIGHTS_H_
