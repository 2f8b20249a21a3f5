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

// A bit set, as Highway's: a better target is a lower bit.
int64_t OfFloats() noexcept {
#ifdef HWY_COMPILE_ONLY_STATIC
  return HWY_STATIC_TARGET;  // the program does not start elsewhere
#else
  // Asked once: to ask makes Highway choose anew.
  static std::atomic<int64_t> available{0};
  int64_t targets = available.load(std::memory_order_relaxed);
  if (targets == 0) {
    targets = hwy::SupportedTargets() & HWY_TARGETS;
    available.store(targets, std::memory_order_relaxed);
  }
  return targets;
#endif
}

struct Choice {
  int64_t floats;
  size_t int8;  // among kInt8Targets
};

const char* NameOf(const Choice& choice) noexcept {
  const char* const name = kInt8Targets[choice.int8].name;
  return name != nullptr ? name : hwy::TargetName(choice.floats);
}

// Those of this CPU, best first, until one `is_it`; false: none was.
template <class IsIt>
bool FindChoice(const IsIt& is_it) noexcept {
  for (int64_t left = OfFloats(); left != 0; left &= left - 1) {
    const int64_t floats = left & -left;
    for (size_t i = 0; i < kNoInt8Target; ++i) {
      const Int8Target& target = kInt8Targets[i];
      if (target.floats != floats || !target.is_of_cpu()) continue;
      if (is_it(Choice{floats, i})) return true;
    }
    if (is_it(Choice{floats, kNoInt8Target})) return true;
  }
  return false;
}

void UseFloats(int64_t targets) noexcept {
#ifdef HWY_COMPILE_ONLY_STATIC
  static_cast<void>(targets);
#else
  hwy::GetChosenTarget().Update(targets);
#endif
}

bool AreEqual(const char* a, const char* b) noexcept {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

}  // namespace

const char* TargetInUse() noexcept {
  const int64_t floats = HWY_DYNAMIC_DISPATCH(TargetOfThis)();
  const size_t int8 = Int8TargetInUse();
  const bool adds = kInt8Targets[int8].floats == floats;
  return NameOf({floats, adds ? int8 : kNoInt8Target});
}

bool TargetFuses() noexcept { return HWY_DYNAMIC_DISPATCH(Fuses)(); }

const char* TargetAt(size_t index) noexcept {
  const char* name = nullptr;
  FindChoice([&](const Choice& choice) {
    if (index > 0) return --index, false;
    name = NameOf(choice);
    return true;
  });
  return name;
}

bool UseTarget(const char* name) noexcept {
  if (name == nullptr) {
    UseFloats(OfFloats());
    UseBestInt8Target();
    return true;
  }
  return FindChoice([name](const Choice& choice) {
    if (!AreEqual(name, NameOf(choice))) return false;
    UseFloats(choice.floats);
    UseInt8Target(choice.int8);
    return true;
  });
}

}  // namespace run_time
}  // namespace fovea
#endif  // HWY_ONCE
