// SPDX-License-Identifier: Apache-2.0
// Chooses among the targets of int8_targets.h, once, as Highway does among its
// own.
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "port/aarch64/cpu.h"

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

constexpr int64_t kNotYet = -1;
std::atomic<int64_t> in_use{kNotYet};

// Longer vectors beat NEON's blocks in assembly: 128 queries on a cache of int8
// take 0.34 instructions a multiply-add with SVE of 256 bits, 0.49 with smmla
// and 0.61 with SVE of 128.
constexpr size_t kNeonBytes = 16;

}  // namespace

int64_t Int8TargetsOfCpu() noexcept {
  if (!port::HasDotProducts()) return 0;
  return kNeonDotprod | (port::HasMatrixProducts() ? kNeonI8mm : 0);
}

int64_t ChooseInt8Target(int64_t targets) noexcept {
  int64_t best = targets & kInt8Targets;
  best &= -best;
  if (HWY_DYNAMIC_DISPATCH(VectorBytes)() > kNeonBytes) best = 0;
  in_use.store(best, std::memory_order_relaxed);
  return best;
}

int64_t Int8TargetInUse() noexcept {
  const int64_t target = in_use.load(std::memory_order_relaxed);
  return target == kNotYet ? ChooseInt8Target(Int8TargetsOfCpu()) : target;
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
