// SPDX-License-Identifier: Apache-2.0
// Must not compile where its target's options are what the library refuses.
#include "fovea/self_test.h"

const char* RefusedSelfTest(fovea::SelfTestMemory& memory);
const char* RefusedSelfTest(fovea::SelfTestMemory& memory) {
  return fovea::SelfTest(memory);
}
