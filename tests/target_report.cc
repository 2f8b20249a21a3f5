// SPDX-License-Identifier: Apache-2.0
// One line about the target, by the program that runs on it: what Highway took
// the compiler's flags for, how many floats a vector has there, and the class
// whose hashes hold.
#include <stdio.h>

#include "fovea/kernels/simd-inl.h"
#include "tests/golden/hash_class.h"

int main() {
  const size_t lanes =
      hwy::HWY_NAMESPACE::Lanes(fovea::HWY_NAMESPACE::FloatTag());
  printf("target: %s %u %s\n", hwy::TargetName(HWY_STATIC_TARGET),
         static_cast<unsigned>(lanes),
         fovea::golden::Name(fovea::golden::kHashClass));
  return 0;
}
