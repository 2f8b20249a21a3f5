// SPDX-License-Identifier: Apache-2.0
// Chapter 5: several heads look at several places; some of them share keys.
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "show.h"

namespace {

constexpr size_t kTokens = 8, kHeads = 4, kKvHeads = 2, kDim = 2;

template <size_t kSharing>
struct Config : fovea::AttentionConfig {
  static constexpr size_t kHeads = 4, kKvHeads = kSharing, kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kCausal = true, kWeights = true;
};

// Tokens stand on a circle, as hours on a clock: the score of two of them is
// the cosine of the angle between them.
void PointAt(size_t hour, float length, float* row) {
  const double angle = static_cast<double>(hour) * 6.283185307179586 / 8;
  row[0] = length * static_cast<float>(std::cos(angle));
  row[1] = length * static_cast<float>(std::sin(angle));
}

float q[kTokens][kHeads][kDim], out[kTokens][kHeads][kDim];
float k[kTokens][kKvHeads][kDim], v[kTokens][kKvHeads][kDim];
float weights[kHeads][kTokens][kTokens];

void FillIn() {
  tutorial::Noise noise(5);
  noise.Fill(v[0][0], kTokens * kKvHeads * kDim);
  for (size_t t = 0; t < kTokens; ++t) {
    for (size_t head = 0; head < kKvHeads; ++head) PointAt(t, 1, k[t][head]);
    PointAt(t, 24, q[t][0]);                   // itself
    PointAt(t == 0 ? 0 : t - 1, 24, q[t][1]);  // the token before
    PointAt(0, 24, q[t][2]);                   // the first token
    PointAt(0, 0, q[t][3]);                    // everywhere
  }
}

template <size_t kSharing>
void Run(const float* keys, const float* values) {
  using Attention = fovea::Attention<Config<kSharing>>;
  static typename Attention::Workspace workspace;
  typename Attention::Call call;
  call.q = fovea::TokenMajor<const float>(q[0][0], kHeads, kTokens, kDim);
  call.k = fovea::TokenMajor(keys, kSharing, kTokens, kDim);
  call.v = fovea::TokenMajor(values, kSharing, kTokens, kDim);
  call.out = fovea::TokenMajor(out[0][0], kHeads, kTokens, kDim);
  call.queries = call.keys = kTokens;
  call.weights = weights[0][0];
  tutorial::Check(Attention::Run(call, workspace));
}

// A line a query, the heads side by side: a map of one row each.
void PrintHeads() {
  std::printf("head 0            head 1            head 2            head 3\n");
  for (size_t t = 0; t < kTokens; ++t) {
    for (size_t head = 0; head < kHeads; ++head) {
      fovea::Heatmap map;
      map.values = weights[head][t], map.rows = 1, map.columns = kTokens;
      fovea::HeatmapOptions options;
      options.most = 1;
      options.newline = head + 1 < kHeads ? "  " : "\n";
      tutorial::Check(fovea::WriteHeatmap(map, options, tutorial::ToStdout()));
    }
  }
}

void SharedKeysAreNoOtherKeys() {
  static float shared[kTokens][kHeads][kDim];
  std::memcpy(shared, out, sizeof(out));

  float own_k[kTokens][kHeads][kDim], own_v[kTokens][kHeads][kDim];
  for (size_t t = 0; t < kTokens; ++t) {
    for (size_t head = 0; head < kHeads; ++head) {
      std::memcpy(own_k[t][head], k[t][head / 2], sizeof(k[t][0]));
      std::memcpy(own_v[t][head], v[t][head / 2], sizeof(v[t][0]));
    }
  }
  Run<kHeads>(own_k[0][0], own_v[0][0]);
  std::printf("with copies for each head: %s\n",
              std::memcmp(shared, out, sizeof(out)) == 0 ? "the same bits"
                                                         : "other bits");
}

template <size_t kSharing>
struct Large : fovea::AttentionConfig {
  static constexpr size_t kHeads = 8, kKvHeads = kSharing, kHeadDim = 64;
  static constexpr size_t kMaxKeys = 1024;
};

template <size_t kSharing>
void PrintCache(const char* name) {
  std::printf("kv heads %zu  %4zu KiB  %s\n", kSharing,
              sizeof(fovea::KvCache<Large<kSharing>>) / 1024, name);
}

}  // namespace

int main() {
  FillIn();
  Run<kKvHeads>(k[0][0], v[0][0]);
  PrintHeads();
  SharedKeysAreNoOtherKeys();
  PrintCache<8>("multi-head attention");
  PrintCache<2>("grouped-query attention");
  PrintCache<1>("multi-query attention");
}
