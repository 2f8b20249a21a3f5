// SPDX-License-Identifier: Apache-2.0
// Compiled with -ffp-contract=fast, against the library's will: where there is
// an instruction to fuse with, the self test notices.

#include <gtest/gtest.h>

#include "fovea/kernels/simd-inl.h"
#include "fovea/self_test.h"
#include "tests/golden/poison.h"

namespace fovea {
namespace {

// Everything in float is fused where it may be, so only int8 has something to
// contract: a product of scales, and the score of a mean. Both are in vectors,
// and those of RISC-V are intrinsics that no compiler looks into.
constexpr bool kContracts =
    HWY_NAMESPACE::kFuses && HWY_STATIC_TARGET != HWY_RVV;

TEST(SelfTestContracted, IsNoticed) {
  const auto memory = golden::MakePoisoned<SelfTestInt8Memory>();
  EXPECT_STREQ(SelfTestInt8(*memory), kContracts ? "int8 prefill" : nullptr);
}

}  // namespace
}  // namespace fovea
