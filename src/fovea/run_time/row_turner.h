// SPDX-License-Identifier: Apache-2.0
// Rotary positions of queries and keys on their way into a kernel or a cache.
#ifndef FOVEA_RUN_TIME_ROW_TURNER_H_
#define FOVEA_RUN_TIME_ROW_TURNER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fovea/run_time/row_problems.h"

// What computes the angles of a position, and turns a row by them: named by the
// caller, so that a program without rotary positions does not hold it.  cos and
// sin have room for kMaxAngles.
struct fovea_turner {
  void (*find_angles)(const uint64_t* rates, size_t pairs, uint64_t position,
                      float* cos, float* sin);
  void (*turn)(float* row, size_t pairs, bool interleaved, const float* cos,
               const float* sin);
};

namespace fovea {
namespace run_time {

// In whole vectors.
constexpr size_t kMaxAngles = kMaxPairs + 16;

struct Rotary {
  const fovea_turner* turner;  // null: rows do not turn
  const uint64_t* rates;
  size_t pairs;
  bool interleaved;
};

// As RowTurner (rope.h).
class RunTimeTurner {
 public:
  using Rotary = run_time::Rotary;

  explicit RunTimeTurner(const Rotary& rotary) noexcept : rotary_(rotary) {}
  RunTimeTurner(const RunTimeTurner&) = delete;
  RunTimeTurner& operator=(const RunTimeTurner&) = delete;

  bool Turns() const noexcept { return rotary_.turner != nullptr; }

  void MoveTo(uint64_t position) noexcept {
    rotary_.turner->find_angles(rotary_.rates, rotary_.pairs, position, cos_,
                                sin_);
  }

  // The row of head_dim elements, in `to`, which does not overlap it.
  void Turn(const float* row, size_t head_dim, float* to) const noexcept {
    std::memcpy(to, row, head_dim * sizeof(float));
    rotary_.turner->turn(to, rotary_.pairs, rotary_.interleaved, cos_, sin_);
  }

 private:
  const Rotary& rotary_;
  float cos_[kMaxAngles];
  float sin_[kMaxAngles];
};

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_RUN_TIME_ROW_TURNER_H_
