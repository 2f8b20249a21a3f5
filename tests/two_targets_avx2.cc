// SPDX-License-Identifier: Apache-2.0
#define FOVEA_TWO_TARGETS_FN RunAvx2
#include "two_targets.h"
