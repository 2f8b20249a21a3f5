/* SPDX-License-Identifier: Apache-2.0 */
/* A program in C: the header is C11 and nothing more, and the library links
 * without C++. One step of a stream through a cache. */
#include <fovea/fovea.h>
#include <stdio.h>

enum { kHeads = 2, kDim = 16, kTokens = 8 };

static _Alignas(FOVEA_ALIGNMENT) unsigned char cache_room[16384];
static _Alignas(FOVEA_ALIGNMENT) unsigned char workspace[131072];

static int Fails(const char* what, fovea_status status) {
  if (status == FOVEA_OK) return 0;
  printf("%s: %s\n", what, fovea_status_name(status));
  return 1;
}

int main(void) {
  float x[kHeads * kTokens * kDim];
  float out[kHeads * kTokens * kDim];
  for (int i = 0; i < kHeads * kTokens * kDim; ++i) {
    x[i] = (float)(i % 7) - 3.0f;
  }
  const fovea_input in = {x, 0, kTokens * kDim, kDim};

  const fovea_cache_shape shape = {.struct_bytes = sizeof(shape),
                                   .kv_heads = kHeads,
                                   .head_dim = kDim,
                                   .value_dim = kDim,
                                   .capacity = kTokens,
                                   .element = FOVEA_FLOAT32};
  fovea_cache* cache = NULL;
  if (fovea_cache_bytes(&shape) > sizeof(cache_room)) return 1;
  if (Fails("create", fovea_cache_create(&shape, cache_room, sizeof(cache_room),
                                         &cache))) {
    return 1;
  }

  fovea_attention call = {.struct_bytes = sizeof(call),
                          .batch = 1,
                          .heads = kHeads,
                          .kv_heads = kHeads,
                          .head_dim = kDim,
                          .value_dim = kDim,
                          .queries = kTokens,
                          .q = in,
                          .k = in,
                          .v = in,
                          .out = {out, 0, kTokens * kDim, kDim},
                          .causal = 1,
                          .workspace = workspace,
                          .workspace_bytes = sizeof(workspace)};
  if (fovea_attention_workspace_bytes(kDim, kDim) > sizeof(workspace)) return 1;
  if (Fails("step", fovea_cache_step(cache, &call))) return 1;
  /* The first token sees itself alone. */
  for (int i = 0; i < kDim; ++i) {
    if (out[i] != x[i]) return 1;
  }
  printf("%s, fovea %u\n", fovea_target_name(), (unsigned)fovea_version());
  return 0;
}
