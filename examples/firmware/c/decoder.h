/* SPDX-License-Identifier: Apache-2.0
 *
 * The few calls that a firmware in C makes: one configuration of the library,
 * fixed in decoder.cc, with its memory.
 */
#ifndef FOVEA_EXAMPLES_FIRMWARE_C_DECODER_H_
#define FOVEA_EXAMPLES_FIRMWARE_C_DECODER_H_

#ifdef __cplusplus
extern "C" {
#endif

enum { DECODER_HEADS = 2, DECODER_DIM = 16, DECODER_MAX_TOKENS = 64 };

/* NULL where this build keeps the library's bits, else the case that differs.
 */
const char* decoder_self_test(void);

/* Forgets all tokens. */
void decoder_clear(void);

/* One token: q, k, v and out are [DECODER_HEADS][DECODER_DIM]. NULL, or the
 * name of what is wrong; then nothing is written. */
const char* decoder_step(const float* q, const float* k, const float* v,
                         float* out);

#ifdef __cplusplus
}
#endif

#endif /* FOVEA_EXAMPLES_FIRMWARE_C_DECODER_H_ */
