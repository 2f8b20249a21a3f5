// SPDX-License-Identifier: Apache-2.0
// The two classes of targets: within one, every result has the same bits.
#ifndef FOVEA_TESTS_GOLDEN_HASH_CLASS_H_
#define FOVEA_TESTS_GOLDEN_HASH_CLASS_H_

#include <hwy/highway.h>
#include <stdint.h>

namespace fovea::golden {

enum class HashClass : uint8_t { kFused, kUnfused };

// Highway's scalar targets multiply and add apart, so there the library fuses
// by the compiler's own function, where the processor has the instruction.
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
#if defined(__FP_FAST_FMAF) || defined(__ARM_FEATURE_FMA)
constexpr HashClass kHashClass = HashClass::kFused;
#else
constexpr HashClass kHashClass = HashClass::kUnfused;
#endif
#elif HWY_NATIVE_FMA
constexpr HashClass kHashClass = HashClass::kFused;
#else
constexpr HashClass kHashClass = HashClass::kUnfused;
#endif

constexpr const char* Name(HashClass hash_class) {
  return hash_class == HashClass::kFused ? "fused" : "unfused";
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_HASH_CLASS_H_
