// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_TESTS_MISALIGNED_H_
#define FOVEA_TESTS_MISALIGNED_H_

#include <cstdint>
#include <vector>

// A T one float off its alignment, as a careless linker script or cast makes
// it.  Forming the reference is what the sanitizer would report, so it looks
// away here.
template <class T>
class Misaligned {
 public:
  Misaligned() : bytes_(sizeof(T) + 2 * alignof(T)) {}

  __attribute__((no_sanitize("alignment", "undefined"))) T& Get() {
    const uintptr_t start = reinterpret_cast<uintptr_t>(bytes_.data());
    const uintptr_t aligned = (start + alignof(T) - 1) & ~(alignof(T) - 1);
    return *reinterpret_cast<T*>(aligned + sizeof(float));
  }

 private:
  std::vector<unsigned char> bytes_;
};

#endif  // FOVEA_TESTS_MISALIGNED_H_
