// SPDX-License-Identifier: Apache-2.0
#include "fovea/dispatch/rms_norm.h"

#include "fovea/c/norm.h"
#include "fovea/c/status_out.h"
#include "fovea/fovea.h"

extern "C" fovea_status fovea_rms_norm_run(const fovea_norm* call) {
  fovea::run_time::NormProblem problem{};
  const fovea::Status status = fovea::c::ReadNorm(call, false, problem);
  if (status == fovea::Status::kOk) fovea::run_time::RmsNorm(problem);
  return fovea::c::Out(status);
}
