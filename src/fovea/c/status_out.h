// SPDX-License-Identifier: Apache-2.0
#ifndef FOVEA_C_STATUS_OUT_H_
#define FOVEA_C_STATUS_OUT_H_

#include "fovea/fovea.h"
#include "fovea/status.h"

namespace fovea {
namespace c {

constexpr fovea_status Out(Status status) noexcept {
  return static_cast<fovea_status>(status);
}

}  // namespace c
}  // namespace fovea

#endif  // FOVEA_C_STATUS_OUT_H_
