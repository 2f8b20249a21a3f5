// SPDX-License-Identifier: Apache-2.0
// The numbers of 2^x (exp2-inl.h), which are part of the bits.
#ifndef FOVEA_KERNELS_EXP2_CONSTANTS_H_
#define FOVEA_KERNELS_EXP2_CONSTANTS_H_

namespace fovea {

// Below this Exp2 gives exactly 0.  A result near 2^-126 would make products
// with it denormal: 8x slower on x86, flushed to zero by ARMv7 NEON.
constexpr float kExp2Underflow = -100.0f;

// Adding it rounds x to an integer n (ties to even) and leaves n + 127 in the
// low bits of the sum: shifted by 23 they are the float 2^n.
constexpr float kRoundAndBias = 12582912.0f + 127.0f;

// Of f^1 to f^6 in a minimax polynomial for 2^f with f in [-0.5, 0.5] whose
// constant is 1, relative error 3.0e-9 before rounding.
constexpr float kExp2Coefficients[] = {0x1.62e430p-1f,  0x1.ebfbdcp-3f,
                                       0x1.c6af7cp-5f,  0x1.3b2de0p-7f,
                                       0x1.5f0830p-10f, 0x1.416b54p-13f};

}  // namespace fovea

#endif  // FOVEA_KERNELS_EXP2_CONSTANTS_H_
