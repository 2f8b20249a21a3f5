/* SPDX-License-Identifier: Apache-2.0
 *
 * What the firmware in C takes from the board.
 */
#ifndef FOVEA_EXAMPLES_FIRMWARE_BOARD_H_
#define FOVEA_EXAMPLES_FIRMWARE_BOARD_H_

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a text that ends with a zero. */
void board_write(const char* text);

#ifdef __cplusplus
}
#endif

#endif /* FOVEA_EXAMPLES_FIRMWARE_BOARD_H_ */
