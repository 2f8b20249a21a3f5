/* SPDX-License-Identifier: Apache-2.0
 *
 * A firmware in C: the self test at boot, then a stream until its cache is
 * full.
 */
#include <stddef.h>

#include "board.h"
#include "decoder.h"

enum { ROW = DECODER_HEADS * DECODER_DIM };

static float q[ROW], k[ROW], v[ROW], out[ROW];

/* What a real firmware computes from a sensor or a token. */
static void sense(unsigned token) {
  for (unsigned i = 0; i < ROW; ++i) {
    q[i] = (float)((token + i) % 7) - 3.0f;
    k[i] = (float)((token * i) % 5) - 2.0f;
    v[i] = (float)(token % 11) * 0.125f;
  }
}

int main(void) {
  const char* failed = decoder_self_test();
  if (failed != NULL) {
    board_write("self test failed: ");
    board_write(failed);
    board_write("\n");
    return 1;
  }
  board_write("self test passed\n");

  decoder_clear();
  for (unsigned token = 0; token < DECODER_MAX_TOKENS; ++token) {
    sense(token);
    failed = decoder_step(q, k, v, out);
    if (failed != NULL) {
      board_write(failed);
      board_write("\n");
      return 1;
    }
  }
  /* One more than there is room for: a status, and no harm done. */
  failed = decoder_step(q, k, v, out);
  board_write("one token more: ");
  board_write(failed != NULL ? failed : "accepted");
  board_write("\n");
  return failed != NULL ? 0 : 1;
}
