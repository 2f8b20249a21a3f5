/* SPDX-License-Identifier: Apache-2.0
 *
 * A firmware in C for a core that may have no floating-point unit: a stream of
 * int8 tensors through a cache, with scales that were made elsewhere.
 */
#include "fovea/fovea.h"

enum { HEADS = 2, DIM = 16, TOKENS = 20 };

static _Alignas(FOVEA_ALIGNMENT) unsigned char cache_room[2304];
static _Alignas(FOVEA_ALIGNMENT) unsigned char workspace[1024];
static int8_t q[HEADS * DIM], k[HEADS * DIM], v[HEADS * DIM], out[HEADS * DIM];

/* scale_v is scale_out. */
static const fovea_integer_scales scales = {.score_multiplier = 1u << 22,
                                            .output_multiplier = 1 << 30,
                                            .output_shift = 1};

static void sense(int token) {
  for (int i = 0; i < HEADS * DIM; ++i) {
    q[i] = (int8_t)((token + i) % 7 - 3);
    k[i] = 0; /* every token counts alike */
    v[i] = (int8_t)(4 * token);
  }
}

int main(void) {
  const fovea_integer_cache_shape shape = {.struct_bytes = sizeof(shape),
                                           .kv_heads = HEADS,
                                           .head_dim = DIM,
                                           .value_dim = DIM,
                                           .capacity = TOKENS};
  fovea_integer_attention call = {.struct_bytes = sizeof(call)};
  fovea_integer_cache* cache;
  if (fovea_integer_cache_create(&shape, cache_room, sizeof(cache_room),
                                 &cache) != FOVEA_OK) {
    return 1;
  }
  call.batch = 1;
  call.heads = call.kv_heads = HEADS;
  call.head_dim = call.value_dim = DIM;
  call.queries = 1;
  call.q = (fovea_int8_input){q, 0, DIM, DIM};
  call.k = (fovea_int8_input){k, 0, DIM, DIM};
  call.v = (fovea_int8_input){v, 0, DIM, DIM};
  call.out = (fovea_int8_output){out, 0, DIM, DIM};
  call.scales = &scales;
  call.causal = 1;
  call.workspace = workspace;
  call.workspace_bytes = sizeof(workspace);
  for (int token = 0; token < TOKENS; ++token) {
    sense(token);
    if (fovea_integer_cache_step(cache, &call) != FOVEA_OK) return 2;
    /* The mean of 0, 4, ... */
    if (out[DIM] != 2 * token) return 3;
  }
  return fovea_integer_cache_step(cache, &call) == FOVEA_CACHE_FULL ? 0 : 4;
}
