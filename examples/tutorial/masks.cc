// SPDX-License-Identifier: Apache-2.0
// Chapter 4: who may see whom.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "fovea/attention.h"
#include "show.h"

namespace {

constexpr size_t kTokens = 8, kDim = 4;

struct Full : fovea::AttentionConfig {
  static constexpr size_t kHeadDim = kDim;
  static constexpr size_t kMaxQueries = kTokens, kMaxKeys = kTokens;
  static constexpr bool kWeights = true, kLse = true;
};
struct Causal : Full {
  static constexpr bool kCausal = true;
};
struct Window : Causal {
  static constexpr size_t kWindow = 3;
};
struct WindowWithSink : Window {
  static constexpr size_t kSinks = 1;
};
struct Masked : Full {
  static constexpr fovea::MaskKind kMask = fovea::MaskKind::kBoolean;
};

// All scores are 0: the weights show nothing but who is visible.
float q[kTokens][kDim], k[kTokens][kDim], v[kTokens][kDim];
float out[kTokens][kDim], weights[kTokens][kTokens], lse[kTokens];
constexpr const char* labels[] = {"0", "1", "2", "3", "4", "5", "6", "7"};

template <class Config>
typename fovea::Attention<Config>::Call MakeCall() {
  typename fovea::Attention<Config>::Call call;
  call.q = fovea::HeadMajor<const float>(q[0], 1, kTokens, kDim);
  call.k = fovea::HeadMajor<const float>(k[0], 1, kTokens, kDim);
  call.v = fovea::HeadMajor<const float>(v[0], 1, kTokens, kDim);
  call.out = fovea::HeadMajor(out[0], 1, kTokens, kDim);
  call.queries = call.keys = kTokens;
  call.weights = weights[0];
  call.lse = lse;
  return call;
}

template <class Config>
void Run(const typename fovea::Attention<Config>::Call& call) {
  static typename fovea::Attention<Config>::Workspace workspace;
  tutorial::Check(fovea::Attention<Config>::Run(call, workspace));
}

void PrintVisible(const char* name) {
  std::printf("%s\n", name);
  tutorial::PrintMap(weights[0], kTokens, kTokens, labels, 0.01f);
}

void OfTheConfig() {
  Run<Causal>(MakeCall<Causal>());
  PrintVisible("causal");
  Run<Window>(MakeCall<Window>());
  PrintVisible("causal, window of 3");
  Run<WindowWithSink>(MakeCall<WindowWithSink>());
  PrintVisible("causal, window of 3, 1 sink");
}

void OfTheCall() {
  auto padded = MakeCall<Full>();
  const size_t length = 5;
  padded.key_lengths = &length;
  Run<Full>(padded);
  PrintVisible("padding: 5 keys are real");

  uint8_t mask[kTokens][kTokens];
  for (size_t i = 0; i < kTokens; ++i) {
    for (size_t j = 0; j < kTokens; ++j) mask[i][j] = i / 4 == j / 4;
  }
  auto masked = MakeCall<Masked>();
  masked.mask = fovea::HeadMajor<const uint8_t>(mask[0], 1, kTokens, kTokens);
  Run<Masked>(masked);
  PrintVisible("a mask of your own: two texts side by side");
}

void HiddenIsNotZero() {
  for (size_t j = 0; j < kTokens; ++j) {
    for (size_t d = 0; d < kDim; ++d) v[j][d] = j < 5 ? 1 : NAN;
  }
  auto call = MakeCall<Full>();
  const size_t length = 5;
  call.key_lengths = &length;
  Run<Full>(call);
  tutorial::PrintRow("output", out[7], kDim);
}

void NothingToSee() {
  auto call = MakeCall<Causal>();
  call.first_position = -1;  // query 0 stands before key 0
  Run<Causal>(call);
  tutorial::PrintRow("output", out[0], kDim);
  std::printf("lse      %s\n", lse[0] == -INFINITY ? "-inf" : "finite");
}

}  // namespace

int main() {
  OfTheConfig();
  OfTheCall();
  HiddenIsNotZero();
  NothingToSee();
}
