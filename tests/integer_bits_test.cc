// SPDX-License-Identifier: Apache-2.0
// The bits of integer attention: one set of hashes for every target.
#include <gtest/gtest.h>

#include <memory>

#include "integer_hashes.h"
#include "tests/golden/check.h"

namespace fovea {
namespace {

TEST(IntegerBits, AreTheCommittedOnes) {
  size_t compared = 0, equal = 0;
  const auto compare = [&](const char* name, uint64_t got, uint64_t committed) {
    EXPECT_EQ(got, committed) << name << ": not the committed bits";
    ++compared;
    equal += got == committed;
  };
  auto small = std::make_unique<integer_streams::SmallProblems>();
  integer_streams::CompareSmall(*small, compare);
  auto large = std::make_unique<integer_streams::LargeProblems>();
  integer_streams::CompareLarge(*large, compare);
  golden::ReportHashes("integer", compared, equal);
}

}  // namespace
}  // namespace fovea
