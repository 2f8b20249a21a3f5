// SPDX-License-Identifier: Apache-2.0
// Reads tinylm's weights from a file.  A firmware has them in its flash.
#ifndef FOVEA_EXAMPLES_TINYLM_WEIGHTS_LOAD_H_
#define FOVEA_EXAMPLES_TINYLM_WEIGHTS_LOAD_H_

#include "integer_weights.h"
#include "weights.h"

namespace tinylm {

// Reads `path` into `file`, of any kind, and checks it.  Returns null, or what
// is wrong.
const char* LoadFile(const char* path, WeightsFile& file);

// Reads and checks `path` into `file` and points `weights` into it.  Returns
// null, or what is wrong with the file; `weights` is then as it was.
const char* LoadWeights(const char* path, WeightsFile& file, Weights& weights);

// Whether a file says that its weights are integers alone.
bool IsIntegerFile(const char* path);

// Reads and checks `path`: null, or what is wrong with it.
const char* LoadIntegerWeights(const char* path, IntegerFile& file);

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_WEIGHTS_LOAD_H_
