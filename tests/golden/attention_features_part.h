// SPDX-License-Identifier: Apache-2.0
// Instantiates the library for every fourth configuration of the table: one
// file for all of them would take minutes and gigabytes to compile.
#ifndef FOVEA_TESTS_GOLDEN_ATTENTION_FEATURES_PART_H_
#define FOVEA_TESTS_GOLDEN_ATTENTION_FEATURES_PART_H_

#include <vector>

#include "tests/golden/attention_features_run.h"
#include "tests/golden/reduced.h"

namespace fovea::golden {

namespace features {

#include "tests/golden/attention_features_configs.inc"

// Only the part's own configurations are instantiated, as far as the suite
// keeps them.
template <class Config, bool kInstantiated>
void AddEntry(const char* name, std::vector<FeaturesEntry>& entries) {
  if constexpr (kInstantiated) entries.push_back(EntryOf<Config>(name));
}

}  // namespace features

template <size_t kPart>
void AddFeaturesEntries(std::vector<FeaturesEntry>& entries) {
#define FOVEA_ADD_ENTRY(config, part)                                       \
  features::AddEntry<features::config,                                      \
                     kPart == part &&                                       \
                         (!kReduced || IsInReducedSuite(#config))>(#config, \
                                                                   entries);
  FOVEA_ATTENTION_FEATURES_CONFIGS(FOVEA_ADD_ENTRY)
#undef FOVEA_ADD_ENTRY
}

}  // namespace fovea::golden

#endif  // FOVEA_TESTS_GOLDEN_ATTENTION_FEATURES_PART_H_
