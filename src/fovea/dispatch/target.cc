// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/target.h"

#include <atomic>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fovea/dispatch/target.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include "fovea/dispatch/int8_targets.h"
#include "fovea/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea {
namespace HWY_NAMESPACE {
namespace {

int64_t TargetOfThis() { return HWY_TARGET; }
bool Fuses() { return kFuses; }

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace fovea
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea {
namespace run_time {
namespace {

HWY_EXPORT(TargetOfThis);
HWY_EXPORT(Fuses);

// Bit sets, as Highway's: a better target is a lower bit.
int64_t Available() noexcept {
#ifdef HWY_COMPILE_ONLY_STATIC
  return HWY_STATIC_TARGET;  // the program does not start elsewhere
#else
  // Asked once: to ask makes Highway choose anew.
  static std::atomic<int64_t> available{0};
  int64_t targets = available.load(std::memory_order_relaxed);
  if (targets == 0) {
    targets = (hwy::SupportedTargets() & HWY_TARGETS) | Int8TargetsOfCpu();
    available.store(targets, std::memory_order_relaxed);
  }
  return targets;
#endif
}

void Choose(int64_t targets) noexcept {
#ifdef HWY_COMPILE_ONLY_STATIC
  static_cast<void>(targets);
#else
  // Floats are those of NEON, which every CPU has that has its products.
  const int64_t floats = targets & ~kInt8Targets;
  hwy::GetChosenTarget().Update(floats != 0 ? floats : HWY_STATIC_TARGET);
  ChooseInt8Target(targets);
#endif
}

bool AreEqual(const char* a, const char* b) noexcept {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

constexpr int64_t LowestBit(int64_t bits) noexcept { return bits & -bits; }

const char* NameOf(int64_t target) noexcept {
  const char* const name = Int8TargetName(target);
  return name != nullptr ? name : hwy::TargetName(target);
}

}  // namespace

const char* TargetInUse() noexcept {
  const int64_t floats = HWY_DYNAMIC_DISPATCH(TargetOfThis)();
  return NameOf(LowestBit(floats | Int8TargetInUse()));
}

bool TargetFuses() noexcept { return HWY_DYNAMIC_DISPATCH(Fuses)(); }

const char* TargetAt(size_t index) noexcept {
  int64_t left = Available();
  for (; left != 0 && index > 0; --index) left &= left - 1;
  return left == 0 ? nullptr : NameOf(LowestBit(left));
}

bool UseTarget(const char* name) noexcept {
  const int64_t all = Available();
  if (name == nullptr) {
    Choose(all);
    return true;
  }
  for (int64_t left = all; left != 0; left &= left - 1) {
    const int64_t target = LowestBit(left);
    if (!AreEqual(name, NameOf(target))) continue;
    Choose(target);
    return true;
  }
  return false;
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
