/* SPDX-License-Identifier: Apache-2.0
 *
 * A firmware in C that has a use for one operation: no other may be in it.
 */
#include "fovea/fovea.h"

enum { INPUTS = 3, OUTPUTS = 2, PACKED = 16 * INPUTS };

static const float weight[OUTPUTS * INPUTS] = {1, 2, 3, -1, 0, 4};
static const float bias[OUTPUTS] = {0.5f, -8};
static const float x[INPUTS] = {2, -1, 0.25f};
static float packed[PACKED];
static float y[OUTPUTS];

int main(void) {
  fovea_linear call = {.struct_bytes = sizeof(call)};
  if (fovea_linear_packed_floats(INPUTS, OUTPUTS) != PACKED) return 1;
  if (fovea_linear_pack(weight, INPUTS, OUTPUTS, packed) != FOVEA_OK) return 2;
  call.tokens = 1;
  call.inputs = INPUTS;
  call.outputs = OUTPUTS;
  call.x = x;
  call.packed = packed;
  call.bias = bias;
  call.y = y;
  if (fovea_linear_run(&call) != FOVEA_OK) return 3;
  return y[0] == 1.25f && y[1] == -9.0f ? 0 : 4;
}
