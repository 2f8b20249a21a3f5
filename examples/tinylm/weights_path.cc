// SPDX-License-Identifier: Apache-2.0
#include "weights_path.h"

namespace tinylm {

const char kWeightsPath[] = FOVEA_TINYLM_DIR "/tinylm.bin";
const char kIntegerWeightsPath[] = FOVEA_TINYLM_INTEGER;

}  // namespace tinylm
