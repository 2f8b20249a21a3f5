/* SPDX-License-Identifier: Apache-2.0
 *
 * A firmware in C that streams tokens through a cache in memory of its own.
 */
#include "fovea/fovea.h"

enum { HEADS = 2, DIM = 16, TOKENS = 20 };

static _Alignas(FOVEA_ALIGNMENT) unsigned char cache_room[8192];
static _Alignas(FOVEA_ALIGNMENT) unsigned char workspace[16384];
static float q[HEADS * DIM], k[HEADS * DIM], v[HEADS * DIM], out[HEADS * DIM];

static void sense(unsigned token) {
  for (unsigned i = 0; i < HEADS * DIM; ++i) {
    q[i] = (float)((token + i) % 7) - 3.0f;
    k[i] = 0.0f; /* every token counts alike */
    v[i] = (float)token;
  }
}

int main(void) {
  const fovea_cache_shape shape = {.struct_bytes = sizeof(shape),
                                   .kv_heads = HEADS,
                                   .head_dim = DIM,
                                   .value_dim = DIM,
                                   .capacity = TOKENS,
                                   .element = FOVEA_FLOAT32};
  fovea_attention call = {.struct_bytes = sizeof(call)};
  fovea_cache* cache;
  if (fovea_attention_workspace_bytes(DIM, DIM) > sizeof(workspace)) return 1;
  if (fovea_cache_create(&shape, cache_room, sizeof(cache_room), &cache) !=
      FOVEA_OK) {
    return 2;
  }
  call.batch = 1;
  call.heads = call.kv_heads = HEADS;
  call.head_dim = call.value_dim = DIM;
  call.queries = 1;
  call.q = (fovea_input){q, 0, DIM, DIM};
  call.k = (fovea_input){k, 0, DIM, DIM};
  call.v = (fovea_input){v, 0, DIM, DIM};
  call.out = (fovea_output){out, 0, DIM, DIM};
  call.causal = 1;
  call.workspace = workspace;
  call.workspace_bytes = sizeof(workspace);
  for (unsigned token = 0; token < TOKENS; ++token) {
    sense(token);
    if (fovea_cache_step(cache, &call) != FOVEA_OK) return 3;
    /* The mean of 0 to token. */
    const float error = out[DIM] - 0.5f * (float)token;
    if (error > 1e-4f || error < -1e-4f) return 4;
  }
  return fovea_cache_step(cache, &call) == FOVEA_CACHE_FULL ? 0 : 5;
}
