// SPDX-License-Identifier: Apache-2.0
// Arrays in the caller's workspace, one after another.
#ifndef FOVEA_RUN_TIME_SCRATCH_ROOM_H_
#define FOVEA_RUN_TIME_SCRATCH_ROOM_H_

#include <cstddef>

#include "fovea/cache_layout.h"
#include "fovea/kernels/layout.h"

namespace fovea {
namespace run_time {

// Without a workspace it counts the bytes, and hands out null pointers.
class ScratchRoom {
 public:
  explicit ScratchRoom(void* workspace) noexcept
      : begin_(static_cast<unsigned char*>(workspace)) {}

  template <class T>
  T* Take(size_t count) noexcept {
    const size_t at = bytes_;
    bytes_ += RoundUp(count * sizeof(T), kCacheLine);
    return begin_ == nullptr ? nullptr : reinterpret_cast<T*>(begin_ + at);
  }
  size_t bytes() const noexcept { return bytes_; }

 private:
  unsigned char* begin_;
  size_t bytes_ = 0;
};

}  // namespace run_time
}  // namespace fovea

#endif  // FOVEA_RUN_TIME_SCRATCH_ROOM_H_
