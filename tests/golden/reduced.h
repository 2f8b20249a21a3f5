// SPDX-License-Identifier: Apache-2.0
// The reduced golden suite: fewer configurations, and with them fewer cases, of
// every kind that the whole one has. For targets where compiling or running all
// of it takes too long; what it compares are the same committed hashes.
#ifndef FOVEA_TESTS_GOLDEN_REDUCED_H_
#define FOVEA_TESTS_GOLDEN_REDUCED_H_

#include <stddef.h>

#include <vector>

namespace fovea::golden {

#ifdef FOVEA_GOLDENS_REDUCED
constexpr bool kReduced = true;
#else
constexpr bool kReduced = false;
#endif

// The cases of a table that this build runs: all of them, or where the suite is
// reduced those that keep(case) says.
template <class Case, size_t kCount, class Keep>
std::vector<Case> CasesOf(const Case (&table)[kCount], const Keep& keep) {
  std::vector<Case> cases;
  for (const Case& c : table) {
    if (!kReduced || keep(c)) cases.push_back(c);
  }
  return cases;
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_REDUCED_H_
