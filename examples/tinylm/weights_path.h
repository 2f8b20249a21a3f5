// SPDX-License-Identifier: Apache-2.0
// Where the weights lie that the build found or made.  Alone in an object, so
// that all others are the same in every checkout (ccache).
#ifndef FOVEA_EXAMPLES_TINYLM_WEIGHTS_PATH_H_
#define FOVEA_EXAMPLES_TINYLM_WEIGHTS_PATH_H_

namespace tinylm {

extern const char kWeightsPath[];
// In integers alone; without Python there are none.
extern const char kIntegerWeightsPath[];

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_WEIGHTS_PATH_H_
