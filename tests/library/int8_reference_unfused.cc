// SPDX-License-Identifier: Apache-2.0
#define FOVEA_INT8_REFERENCE UnfusedInt8
#include "int8_reference.h"
