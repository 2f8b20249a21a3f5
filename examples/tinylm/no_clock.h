// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_EXAMPLES_TINYLM_NO_CLOCK_H_
#define FOVEA_EXAMPLES_TINYLM_NO_CLOCK_H_

namespace tinylm {

// Called around the attention of every layer, to measure it.
struct NoClock {
  void Start() {}
  void Stop() {}
};

}  // namespace tinylm

#endif  // FOVEA_EXAMPLES_TINYLM_NO_CLOCK_H_
