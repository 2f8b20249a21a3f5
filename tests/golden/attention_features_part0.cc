// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/attention_features_part.h"

template void fovea::golden::AddFeaturesEntries<0>(
    std::vector<fovea::golden::FeaturesEntry>&);
