// SPDX-License-Identifier: Apache-2.0
// Chapter 1: one query, three keys, first step by step and then in one call.
#include <cmath>
#include <cstddef>
#include <cstdio>

#include "fovea/attention.h"
#include "fovea/softmax.h"
#include "show.h"

namespace {

constexpr size_t kKeys = 3, kDim = 4, kValueDim = 2;

constexpr float query[kDim] = {1, 2, 0, 1};
constexpr float keys[kKeys][kDim] = {{2, 1, 0, 0}, {0, 1, 0, 0}, {0, 0, 3, 0}};
constexpr float values[kKeys][kValueDim] = {{10, 0}, {0, 10}, {5, 5}};

// q . k: how well a key answers the query.
float Dot(const float* q, const float* k) {
  float sum = 0;
  for (size_t d = 0; d < kDim; ++d) sum += q[d] * k[d];
  return sum;
}

void StepByStep() {
  float scores[kKeys], weights[kKeys], out[kValueDim] = {};
  for (size_t j = 0; j < kKeys; ++j) scores[j] = Dot(query, keys[j]) / 2;
  tutorial::Check(fovea::Softmax(scores, kKeys, 1, weights));
  for (size_t j = 0; j < kKeys; ++j) {
    for (size_t d = 0; d < kValueDim; ++d) out[d] += weights[j] * values[j][d];
  }

  std::printf("key  q.k  score  e^score  weight\n");
  for (size_t j = 0; j < kKeys; ++j) {
    const double score = static_cast<double>(scores[j]);
    std::printf("%3zu  %3.0f  %5.1f  %7.3f  %6.3f\n", j, 2 * score, score,
                std::exp(score), static_cast<double>(weights[j]));
  }
  tutorial::PrintRow("output", out, kValueDim);
}

struct Config : fovea::AttentionConfig {
  static constexpr size_t kHeadDim = 4, kValueDim = 2, kMaxKeys = 3;
  static constexpr bool kWeights = true;
};
using Attention = fovea::Attention<Config>;

void InOneCall() {
  static Attention::Workspace workspace;
  float weights[kKeys], out[kValueDim];
  Attention::Call call;
  call.q = fovea::HeadMajor(query, 1, 1, kDim);
  call.k = fovea::HeadMajor(keys[0], 1, kKeys, kDim);
  call.v = fovea::HeadMajor(values[0], 1, kKeys, kValueDim);
  call.out = fovea::HeadMajor(out, 1, 1, kValueDim);
  call.queries = 1, call.keys = kKeys;
  call.weights = weights;
  tutorial::Check(Attention::Run(call, workspace));
  tutorial::PrintRow("weights", weights, kKeys);
  tutorial::PrintRow("output", out, kValueDim);
}

void OtherScales() {
  const float products[kKeys] = {4, 2, 0};
  for (const float scale : {0.0f, 0.25f, 0.5f, 1.0f, 4.0f}) {
    float weights[kKeys];
    tutorial::Check(fovea::Softmax(products, kKeys, scale, weights));
    char label[16];
    std::snprintf(label, sizeof(label), "%.2f", static_cast<double>(scale));
    tutorial::PrintRow(label, weights, kKeys);
  }
}

}  // namespace

int main() {
  StepByStep();
  InOneCall();
  OtherScales();
}
