// SPDX-License-Identifier: Apache-2.0
// Chapter 8: the same on a board.  No stdio, no heap: port/port.h writes.
#include <stddef.h>

#include "fovea/attention.h"
#include "fovea/heatmap.h"
#include "fovea/kv_cache.h"
#include "fovea/self_test.h"
#include "port/port.h"

namespace {

namespace port = fovea::port;

// The states of a machine, one a second: idle, spinning, jammed.
constexpr char kStates[] = "isssiisssjis";
constexpr size_t kSeconds = sizeof(kStates) - 1, kDim = 4;

struct Config : fovea::AttentionConfig {
  static constexpr size_t kHeadDim = kDim, kMaxKeys = kSeconds;
  static constexpr bool kCausal = true, kWeights = true;
};
using Attention = fovea::Attention<Config>;

// All the memory there is.
fovea::KvCache<Config> cache;
Attention::Workspace workspace;
fovea::SelfTestMemory self_test;
float out[kDim], weights[kSeconds];

// "When was it as it is now?"
fovea::Status Attend(char state) {
  const float row[kDim] = {state == 'i' ? 3.0f : 0.0f,
                           state == 's' ? 3.0f : 0.0f,
                           state == 'j' ? 3.0f : 0.0f, 0.0f};
  Attention::Call call;
  call.q = call.k = call.v = fovea::TokenMajor(row, 1, 1, kDim);
  call.out = fovea::TokenMajor(out, 1, 1, kDim);
  call.queries = 1;
  call.weights = weights;
  return Attention::Step(call, cache, workspace);
}

// One line of the map, as soon as it is known.
fovea::Status Write(char state) {
  char text[80];
  const char name[] = {state, '\0'};
  const char* const label = name;
  fovea::Heatmap map;
  map.values = weights, map.rows = 1, map.columns = cache.size();
  map.row_labels = &label;
  fovea::HeatmapOptions options;
  options.label_width = 1, options.ascii = true;
  const fovea::Status status =
      fovea::WriteHeatmap(map, options, text, sizeof(text));
  if (status == fovea::Status::kOk) port::WriteText(text);
  return status;
}

int Fail(const char* what, const char* why) {
  port::WriteText(what);
  port::WriteText(why);
  port::WriteText("\n");
  return 1;
}

}  // namespace

int main() {
  if (const char* failed = fovea::SelfTest(self_test)) {
    return Fail("self test failed: ", failed);
  }
  port::WriteText("self test passed\n");
  cache.Clear();
  for (size_t second = 0; second < kSeconds; ++second) {
    fovea::Status status = Attend(kStates[second]);
    if (status == fovea::Status::kOk) status = Write(kStates[second]);
    if (status != fovea::Status::kOk) {
      return Fail("refused: ", fovea::Name(status));
    }
  }
  return 0;
}
