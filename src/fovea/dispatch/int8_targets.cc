// SPDX-License-Identifier: Apache-2.0
// Chooses among the targets of int8_targets.h, once, as Highway does among its
// own.
#include <atomic>
#include <cstddef>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/int8_targets.cc"
#include <hwy/foreach_target.h>
// After foreach_target; Highway's for each of them.
#include <hwy/highway.h>

#include "fovea/dispatch/int8_targets.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

size_t VectorBytes() {
  namespace hn = hwy::HWY_NAMESPACE;
  return hn::Lanes(hn::ScalableTag<uint8_t>());
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea {
namespace run_time {
namespace {

HWY_EXPORT(VectorBytes);

constexpr size_t kNotYet = kNoInt8Target + 1;
std::atomic<size_t> in_use{kNotYet};

}  // namespace

void UseInt8Target(size_t index) noexcept {
  in_use.store(index, std::memory_order_relaxed);
}

size_t UseBestInt8Target() noexcept {
  const size_t bytes = HWY_DYNAMIC_DISPATCH(VectorBytes)();
  size_t best = 0;
  while (best < kNoInt8Target && (kInt8Targets[best].vector_bytes != bytes ||
                                  !kInt8Targets[best].is_of_cpu())) {
    ++best;
  }
  UseInt8Target(best);
  return best;
}

size_t Int8TargetInUse() noexcept {
  const size_t index = in_use.load(std::memory_order_relaxed);
  return index == kNotYet ? UseBestInt8Target() : index;
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
