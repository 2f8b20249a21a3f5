// SPDX-License-Identifier: Apache-2.0
// The counter of this machine moves, and its width is what it says.

#include "port/port.h"

#include <gtest/gtest.h>
#include <stdint.h>

namespace fovea::port {
namespace {

// Some work that no compiler leaves out.
uint64_t CyclesOf(int additions) {
  volatile unsigned sum = 0;
  const uint64_t start = CycleCount();
  for (int i = 0; i < additions; ++i) sum = sum + static_cast<unsigned>(i);
  return CyclesBetween(start, CycleCount());
}

TEST(Port, TheCounterMoves) {
  StartCycleCount();
  EXPECT_GT(CyclesOf(100000), 0u);
}

TEST(Port, MoreWorkCountsMore) {
  StartCycleCount();
  // The best of a few, should something else run on this machine.
  uint64_t little = ~uint64_t{0}, much = ~uint64_t{0};
  for (int i = 0; i < 5; ++i) {
    const uint64_t a = CyclesOf(10000), b = CyclesOf(100000);
    little = a < little ? a : little;
    much = b < much ? b : much;
  }
  EXPECT_GT(much, little);
}

TEST(Port, CountsStayBelowTheirWidth) {
  StartCycleCount();
  const unsigned bits = CycleCountBits();
  ASSERT_TRUE(bits == 24 || bits == 32 || bits == 64);
  for (int i = 0; i < 100; ++i) {
    const uint64_t count = CycleCount();
    EXPECT_TRUE(bits == 64 || count >> (bits % 64) == 0);
  }
}

TEST(Port, ASpanMayCrossTheWrap) {
  const unsigned bits = CycleCountBits();
  const uint64_t last = bits < 64 ? (uint64_t{1} << bits) - 1 : ~uint64_t{0};
  EXPECT_EQ(CyclesBetween(last - 5, 4), 10u);
  EXPECT_EQ(CyclesBetween(7, 7), 0u);
}

}  // namespace
}  // namespace fovea::port
