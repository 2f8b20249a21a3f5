/* SPDX-License-Identifier: Apache-2.0
 *
 * A firmware in C that calls the library through fovea/fovea.h: shapes are
 * known when it runs, and one image serves any of them, a model that is loaded
 * later for instance. It streams tokens until its cache is full.
 */
#include <stddef.h>

#include "board.h"
#include "fovea/fovea.h"

enum { HEADS = 4, KV_HEADS = 2, DIM = 16, TOKENS = 64 };

/* All the memory there is. The library says how much it needs. */
static _Alignas(FOVEA_ALIGNMENT) unsigned char cache_room[20 * 1024];
static _Alignas(FOVEA_ALIGNMENT) unsigned char workspace[16 * 1024];
static float q[HEADS * DIM], out[HEADS * DIM];
static float k[KV_HEADS * DIM], v[KV_HEADS * DIM];

static int fail(const char* what, fovea_status status) {
  board_write(what);
  board_write(": ");
  board_write(fovea_status_name(status));
  board_write("\n");
  return 1;
}

static fovea_status make_cache(fovea_cache** cache) {
  const fovea_cache_shape shape = {.struct_bytes = sizeof(shape),
                                   .kv_heads = KV_HEADS,
                                   .head_dim = DIM,
                                   .value_dim = DIM,
                                   .capacity = TOKENS,
                                   .element = FOVEA_FLOAT32};
  return fovea_cache_create(&shape, cache_room, sizeof(cache_room), cache);
}

/* One token from q, k and v, [head][dim], to out. */
static fovea_status step(fovea_cache* cache) {
  fovea_attention call = {.struct_bytes = sizeof(call)};
  call.batch = call.queries = 1;
  call.heads = HEADS, call.kv_heads = KV_HEADS;
  call.head_dim = call.value_dim = DIM;
  call.q = (fovea_input){q, 0, DIM, DIM};
  call.k = (fovea_input){k, 0, DIM, DIM};
  call.v = (fovea_input){v, 0, DIM, DIM};
  call.out = (fovea_output){out, 0, DIM, DIM};
  call.causal = 1;
  call.workspace = workspace, call.workspace_bytes = sizeof(workspace);
  return fovea_cache_step(cache, &call);
}

/* What a real firmware computes from a sensor or a token. Every token counts
 * alike here, so that its output is the mean of all so far. */
static void sense(unsigned token) {
  for (unsigned i = 0; i < HEADS * DIM; ++i) q[i] = (float)((token + i) % 7);
  for (unsigned i = 0; i < KV_HEADS * DIM; ++i) {
    k[i] = 0.0f;
    v[i] = (float)token;
  }
}

static int is_mean(float x, unsigned token) {
  const float error = x - 0.5f * (float)token;
  return error < 1e-4f && error > -1e-4f;
}

int main(void) {
  fovea_cache* cache;
  fovea_status status = make_cache(&cache);
  if (status != FOVEA_OK) return fail("the cache", status);
  for (unsigned token = 0; token < TOKENS; ++token) {
    sense(token);
    status = step(cache);
    if (status != FOVEA_OK) return fail("a step", status);
    if (!is_mean(out[0], token) || !is_mean(out[HEADS * DIM - 1], token)) {
      board_write("a wrong output\n");
      return 1;
    }
  }
  board_write("every output is the mean of its tokens\n");
  /* One more than there is room for: a status, and no harm done. */
  status = step(cache);
  fail("one token more", status);
  return status == FOVEA_CACHE_FULL ? 0 : 1;
}
