// SPDX-License-Identifier: Apache-2.0
#define FOVEA_INT8_REFERENCE FusedInt8
#include "int8_reference.h"
