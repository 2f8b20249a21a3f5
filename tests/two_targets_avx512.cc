// SPDX-License-Identifier: Apache-2.0
#define FOVEA_TWO_TARGETS_FN RunAvx512
#include "two_targets.h"
