// SPDX-License-Identifier: Apache-2.0
// Chapter 3: what a token asks, how it is found, and what it says are three
// matrices.
#include <cstddef>
#include <cstdio>

#include "fovea/linear.h"
#include "fovea/multi_head.h"
#include "show.h"

namespace {

constexpr size_t kDim = 4, kTokens = 6;

struct Config : fovea::MultiHeadConfig {
  static constexpr size_t kModelDim = kDim, kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kWeights = true;
};
using MultiHead = fovea::MultiHeadAttention<Config>;

// The text "abacad"; the embedding of a letter is a 1 in its own place.
constexpr float x[kTokens][kDim] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {1, 0, 0, 0},
                                    {0, 0, 1, 0}, {1, 0, 0, 0}, {0, 0, 0, 1}};
constexpr const char* letters[kTokens] = {"a", "b", "a", "c", "a", "d"};

using Matrix = float[kDim * kDim];  // row by row

constexpr Matrix identity = {1, 0, 0, 0,  //
                             0, 1, 0, 0,  //
                             0, 0, 1, 0,  //
                             0, 0, 0, 1};
// "Who is what I am?"
constexpr Matrix same_letter = {6, 0, 0, 0,  //
                                0, 6, 0, 0,  //
                                0, 0, 6, 0,  //
                                0, 0, 0, 6};
// "Who is the letter after me?": an a asks for b, b for c, c for d, d for a.
constexpr Matrix next_letter = {0, 0, 0, 6,  //
                                6, 0, 0, 0,  //
                                0, 6, 0, 0,  //
                                0, 0, 6, 0};

using Panels = float[fovea::PackedLinearFloats(kDim, kDim)];

// PyTorch's [out][in], packed once into the order that the kernels read.
fovea::LinearWeights Pack(const Matrix& matrix, Panels& panels) {
  tutorial::Check(fovea::PackLinear(matrix, kDim, kDim, panels));
  return {panels, nullptr};
}

void Ask(const Matrix& question) {
  static MultiHead::Workspace workspace;
  static Panels to_queries, straight;
  MultiHead::Weights weights;
  weights.q = Pack(question, to_queries);
  weights.k = weights.v = weights.out = Pack(identity, straight);

  float y[kTokens][kDim], map[kTokens][kTokens];
  MultiHead::Call call;
  call.x = fovea::TokenMajor(x[0], 1, kTokens, kDim);
  call.y = fovea::TokenMajor(y[0], 1, kTokens, kDim);
  call.queries = kTokens;
  call.weights = map[0];
  tutorial::Check(MultiHead::Run(weights, call, workspace));

  tutorial::PrintMap(map[0], kTokens, kTokens, letters, 1);
  tutorial::PrintRow("a looks", map[0], kTokens);
  tutorial::PrintRow("a gets", y[0], kDim);
}

}  // namespace

int main() {
  Ask(same_letter);
  Ask(next_letter);
}
