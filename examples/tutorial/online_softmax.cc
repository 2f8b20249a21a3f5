// SPDX-License-Identifier: Apache-2.0
// Chapter 2: a softmax that sees each key once and keeps no scores.
#include <cmath>
#include <cstddef>
#include <cstdio>

#include "fovea/attention.h"
#include "fovea/softmax_accumulator.h"
#include "show.h"

namespace {

constexpr size_t kKeys = 3, kValueDim = 2;

constexpr float scores[kKeys] = {1, 3, 2};
constexpr float values[kKeys][kValueDim] = {{10, 0}, {0, 10}, {5, 5}};

// The textbook way: needs the largest score before it can start.
void TwoPasses() {
  double most = -INFINITY, sum = 0, out[kValueDim] = {};
  for (const float score : scores) {
    most = std::fmax(most, static_cast<double>(score));
  }
  for (size_t j = 0; j < kKeys; ++j) {
    const double p = std::exp(static_cast<double>(scores[j]) - most);
    sum += p;
    out[0] += p * static_cast<double>(values[j][0]);
    out[1] += p * static_cast<double>(values[j][1]);
  }
  std::printf("two passes: %.3f %.3f\n", out[0] / sum, out[1] / sum);
}

// One pass: whenever a larger score comes, what was summed so far shrinks.
void OnePass() {
  double m = -INFINITY, l = 0, o[kValueDim] = {};
  std::printf("score      m  shrink      l      o\n");
  for (size_t j = 0; j < kKeys; ++j) {
    const double score = static_cast<double>(scores[j]);
    const double larger = std::fmax(m, score);
    const double shrink = std::exp(m - larger);
    const double p = std::exp(score - larger);
    l = l * shrink + p;
    o[0] = o[0] * shrink + p * static_cast<double>(values[j][0]);
    o[1] = o[1] * shrink + p * static_cast<double>(values[j][1]);
    m = larger;
    std::printf("%5.1f  %5.1f  %6.3f  %5.3f  %5.3f %6.3f\n", score, m, shrink,
                l, o[0], o[1]);
  }
  std::printf("one pass:   %.3f %.3f\n", o[0] / l, o[1] / l);
}

void WithTheLibrary() {
  fovea::SoftmaxAccumulator<kValueDim> row, rest;
  tutorial::Check(row.Add(scores, values[0], kValueDim, 2));
  tutorial::Check(rest.Add(scores + 2, values[2], kValueDim, 1));
  row.Merge(rest);
  float out[kValueDim];
  tutorial::Check(row.Store(out));
  std::printf("fovea:      %.3f %.3f, lse %.3f\n", static_cast<double>(out[0]),
              static_cast<double>(out[1]), static_cast<double>(row.Lse()));
}

void LargeScores() {
  const float large[kKeys] = {1001, 1003, 1002};
  fovea::SoftmaxAccumulator<kValueDim> row;
  tutorial::Check(row.Add(large, values[0], kValueDim, kKeys));
  float out[kValueDim];
  tutorial::Check(row.Store(out));
  std::printf("e^1003 is too large for a double: %.0f\n", std::exp(1003.0));
  tutorial::PrintRow("output", out, kValueDim);
}

template <size_t kTokens>
struct Config : fovea::AttentionConfig {
  static constexpr size_t kMaxKeys = kTokens, kMaxQueries = 16;
};

template <size_t kTokens>
void PrintMemory() {
  using Few = fovea::Attention<Config<64>>::Workspace;
  using Workspace = typename fovea::Attention<Config<kTokens>>::Workspace;
  std::printf("%6zu  %13zu KiB  %s\n", kTokens, kTokens * kTokens * 4 / 1024,
              sizeof(Workspace) == sizeof(Few) ? "the same" : "grown");
}

void Memory() {
  std::printf("tokens   matrix of scores  workspace\n");
  PrintMemory<64>();
  PrintMemory<1024>();
  PrintMemory<16384>();
}

}  // namespace

int main() {
  TwoPasses();
  OnePass();
  WithTheLibrary();
  LargeScores();
  Memory();
}
