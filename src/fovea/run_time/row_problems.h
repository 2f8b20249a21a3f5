// SPDX-License-Identifier: Apache-2.0
// Operations on rows whose sizes are known at run time only; members as in
// the headers of the templates.
#ifndef FOVEA_RUN_TIME_ROW_PROBLEMS_H_
#define FOVEA_RUN_TIME_ROW_PROBLEMS_H_

#include <cstddef>
#include <cstdint>

#include "fovea/fovea.h"
#include "fovea/view.h"

namespace fovea {
namespace run_time {

struct SoftmaxProblem {
  const float* x;
  size_t x_stride;
  size_t rows, count;
  float scale;
  const uint8_t* mask;
  size_t mask_stride;
  float* y;
  size_t y_stride;
  bool logarithm;
};

struct LinearProblem {
  const float* x;
  size_t x_stride;
  size_t tokens, inputs, outputs;
  const float* panels;
  const float* bias;
  float* y;
  size_t y_stride;
};

struct LinearInt8Problem {
  const float* x;
  size_t x_stride;
  size_t tokens, inputs, outputs;
  const int8_t* panels;
  const float* scales;
  const float* bias;
  float* y;
  size_t y_stride;
  void* workspace;
};

struct NormProblem {
  const float* x;
  size_t x_stride;
  size_t tokens, dim;
  const float* weight;
  const float* bias;
  float eps;
  float* y;
  size_t y_stride;
};

constexpr size_t kMaxPairs = 128;

// Turns x in place.
struct RotateProblem {
  View<float> x;
  size_t batch, heads, tokens, pairs;
  bool interleaved;
  const uint64_t* rates;  // null: by the angles
  uint64_t first_position;
  const float* cos;
  const float* sin;
  size_t angle_batch_stride, angle_token_stride;
};

// Partials as the caller wrote them: there may be any number, each of so many
// bytes.
struct MergeProblem {
  const fovea_partial& Partial(size_t i) const noexcept {
    return *reinterpret_cast<const fovea_partial*>(partials + i * bytes_each);
  }

  const unsigned char* partials;
  size_t count, bytes_each;
  size_t batch, heads, queries, value_dim;
  View<float> out;
  float* lse;
};

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_RUN_TIME_ROW_PROBLEMS_H_
