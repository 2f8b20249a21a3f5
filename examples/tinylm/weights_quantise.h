// SPDX-License-Identifier: Apache-2.0
// Makes int8 weights of floats, on a host: a firmware has them in its flash.
#ifndef FOVEA_EXAMPLES_TINYLM_WEIGHTS_QUANTISE_H_
#define FOVEA_EXAMPLES_TINYLM_WEIGHTS_QUANTISE_H_

#include "weights.h"

namespace tinylm {

// The int8 file of a good one of floats: pack_weights.py gives the same bytes.
// Returns whether all weights are finite.
bool QuantiseWeights(const WeightsFile& from, Int8WeightsFile& to);

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_WEIGHTS_QUANTISE_H_
