// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_TESTS_LIBRARY_FUZZ_LAYERS_H_
#define FOVEA_TESTS_LIBRARY_FUZZ_LAYERS_H_

#include "tests/library/fuzz_input.h"

namespace fovea::fuzz {

// One of softmax, the norms, rotary positions and the linear layer of floats.
void UseLayer(Bytes& from, Memory& memory);

}  // namespace fovea::fuzz

#endif  // FOVEA_TESTS_LIBRARY_FUZZ_LAYERS_H_
