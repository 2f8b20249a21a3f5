// SPDX-License-Identifier: Apache-2.0
// Chapter 7: a byte for each number, and what is lost.
#include <hwy/base.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "fovea/attention.h"
#include "fovea/kv_cache.h"
#include "show.h"

namespace {

constexpr size_t kRow = 4;

// One scale a row: its largest entry becomes 127.
void Quantise(const float (&row)[kRow]) {
  float largest = 0;
  for (const float x : row) largest = std::fmax(largest, std::fabs(x));
  const float scale = largest / 127;
  float back[kRow];
  std::printf("scale    %6.3f\nint8    ", static_cast<double>(scale));
  for (size_t i = 0; i < kRow; ++i) {
    const long entry = std::lround(row[i] / scale);
    back[i] = static_cast<float>(entry) * scale;
    std::printf(" %6ld", entry);
  }
  std::printf("\n");
  tutorial::PrintRow("back", back, kRow);
}

constexpr size_t kTokens = 256, kHeads = 4, kDim = 64;
constexpr size_t kFloats = kTokens * kHeads * kDim;

template <class Stored, bool kSmooth = true>
struct Config : fovea::AttentionConfig {
  using CacheElement = Stored;
  static constexpr size_t kHeads = 4, kHeadDim = kDim;
  static constexpr size_t kMaxQueries = 16, kMaxKeys = kTokens;
  static constexpr bool kCausal = true, kSmoothKeys = kSmooth;
};

float q[kFloats], k[kFloats], v[kFloats], exact[kFloats], out[kFloats];

// Streams all tokens through a cache; returns its bytes.
template <class Config>
size_t Stream(float* to) {
  using Attention = fovea::Attention<Config>;
  static fovea::KvCache<Config> cache;
  static typename Attention::Workspace workspace;
  cache.Clear();
  for (size_t t = 0; t < kTokens; t += 16) {
    const size_t at = t * kHeads * kDim;
    typename Attention::Call call;
    call.q = fovea::TokenMajor<const float>(q + at, kHeads, 16, kDim);
    call.k = fovea::TokenMajor<const float>(k + at, kHeads, 16, kDim);
    call.v = fovea::TokenMajor<const float>(v + at, kHeads, 16, kDim);
    call.out = fovea::TokenMajor(to + at, kHeads, 16, kDim);
    call.queries = 16;
    tutorial::Check(Attention::Step(call, cache, workspace));
  }
  return sizeof(cache);
}

// How much of the output is wrong: sum |out - exact| / sum |exact|.
double Error() {
  double wrong = 0, all = 0;
  for (size_t i = 0; i < kFloats; ++i) {
    wrong +=
        std::fabs(static_cast<double>(out[i]) - static_cast<double>(exact[i]));
    all += std::fabs(static_cast<double>(exact[i]));
  }
  return 100 * wrong / all;
}

template <class Config>
void Measure(const char* name) {
  const size_t bytes = Stream<Config>(out);
  std::printf("%-22s %4zu KiB  %5.2f %%\n", name, bytes / 1024, Error());
}

}  // namespace

int main() {
  Quantise({0.90f, -0.30f, 0.05f, 1.27f});
  Quantise({0.90f, -0.30f, 0.05f, 127.0f});

  tutorial::Noise noise(7);
  noise.Fill(q, kFloats);
  noise.Fill(k, kFloats);
  noise.Fill(v, kFloats);
  for (size_t i = 0; i < kFloats; ++i) q[i] *= 4;
  Stream<Config<float>>(exact);
  Measure<Config<float>>("float");
  Measure<Config<hwy::float16_t>>("float16");
  Measure<Config<hwy::bfloat16_t>>("bfloat16");
  Measure<Config<int8_t>>("int8");

  // One of 16 channels is large in every key.
  for (size_t i = 0; i < kFloats; i += 16) k[i] += 8;
  Stream<Config<float>>(exact);
  Measure<Config<int8_t, false>>("large channels, plain");
  Measure<Config<int8_t>>("large channels, smooth");
}
