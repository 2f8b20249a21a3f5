// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/target.h"

#include "fovea/fovea.h"

extern "C" const char* fovea_target_name(void) {
  return fovea::run_time::TargetInUse();
}

extern "C" const char* fovea_target_at(size_t index) {
  return fovea::run_time::TargetAt(index);
}

extern "C" int fovea_target_fuses(void) {
  return fovea::run_time::TargetFuses() ? 1 : 0;
}

extern "C" fovea_status fovea_use_target(const char* name) {
  return fovea::run_time::UseTarget(name) ? FOVEA_OK : FOVEA_UNSUPPORTED;
}
