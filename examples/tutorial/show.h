// SPDX-License-Identifier: Apache-2.0
// What the programs of the tutorial print with.
#ifndef FOVEA_EXAMPLES_TUTORIAL_SHOW_H_
#define FOVEA_EXAMPLES_TUTORIAL_SHOW_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "fovea/heatmap.h"
#include "fovea/status.h"

namespace tutorial {

// Ends the program where a call was refused: none of these should be.
inline void Check(fovea::Status status) {
  if (status == fovea::Status::kOk) return;
  std::fprintf(stderr, "refused: %s\n", fovea::Name(status));
  std::exit(1);
}

// Three digits are the same on every target.
inline void PrintRow(const char* label, const float* values, size_t count) {
  std::printf("%-8s", label);
  for (size_t i = 0; i < count; ++i) {
    std::printf(" %6.3f", static_cast<double>(values[i]));
  }
  std::printf("\n");
}

struct ToStdout {
  void operator()(const char* text, size_t bytes) const {
    std::fwrite(text, 1, bytes, stdout);
  }
};

// Weights [rows][columns], the darkest shade for `most`.
inline void PrintMap(const float* weights, size_t rows, size_t columns,
                     const char* const* labels, float most) {
  fovea::Heatmap map;
  map.values = weights, map.rows = rows, map.columns = columns;
  map.row_labels = map.column_labels = labels;
  fovea::HeatmapOptions options;
  options.label_width = 1;
  options.most = most;
  Check(fovea::WriteHeatmap(map, options, ToStdout()));
}

// Inputs that look random and are the same everywhere, in [-1, 1).
class Noise {
 public:
  explicit Noise(uint32_t seed) : state_(seed) {}

  void Fill(float* values, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      state_ = state_ * 1664525u + 1013904223u;
      values[i] = static_cast<float>(static_cast<int32_t>(state_)) * 0x1p-31f;
    }
  }

 private:
  uint32_t state_;
};

}  // namespace tutorial

#endif  // FOVEA_EXAMPLES_TUTORIAL_SHOW_H_
