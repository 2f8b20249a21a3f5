// SPDX-License-Identifier: Apache-2.0
// The golden hashes of a library that chooses its target when it runs.
#ifndef FOVEA_TESTS_GOLDEN_EVERY_TARGET_H_
#define FOVEA_TESTS_GOLDEN_EVERY_TARGET_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fovea/fovea.h"
#include "tests/golden/check.h"
#include "tests/golden/golden.h"

namespace fovea::golden {

// Calls body() once with each target that the library has and this CPU can
// run; afterwards it is the best again.
template <class Body>
void ForEachTarget(const Body& body) {
  size_t targets = 0;
  while (const char* name = fovea_target_at(targets)) {
    SCOPED_TRACE(name);
    ASSERT_EQ(fovea_use_target(name), FOVEA_OK);
    ASSERT_STREQ(fovea_target_name(), name);
    body();
    ++targets;
  }
  EXPECT_GT(targets, 0u);
  ASSERT_EQ(fovea_use_target(nullptr), FOVEA_OK);
}

// The committed hash of the target in use.
inline void ExpectCommitted(const CommittedHashes& committed, const char* name,
                            uint64_t hash) {
  const NamedHash* entry =
      fovea_target_fuses() ? committed.fused : committed.unfused;
  while (entry->name != nullptr && strcmp(entry->name, name) != 0) ++entry;
  ASSERT_NE(entry->name, nullptr) << name << ": no hash committed";
  EXPECT_EQ(entry->hash, hash) << name << ": not the committed bits";
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_EVERY_TARGET_H_
