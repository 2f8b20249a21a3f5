// SPDX-License-Identifier: Apache-2.0
// What the library compiles for this target.  No include guard: once a target.

// FOVEA_SAME_FLOATS: the namespace of a target, compiled before, that has every
// instruction which this one's float kernels could use, as what this one adds
// is for integers: to compile them again would cost a fifth of the build.
#undef FOVEA_SAME_FLOATS
#if HWY_TARGET == HWY_AVX3_DL && (HWY_TARGETS & HWY_AVX3) != 0
#define FOVEA_SAME_FLOATS N_AVX3
#endif

// Whether usual head_dims have kernels of their own: not where flash is dear,
// nor on PCs older than 2008.
#undef FOVEA_HAS_KERNELS_OF_DIM
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_SSE2
#define FOVEA_HAS_KERNELS_OF_DIM 0
#else
#define FOVEA_HAS_KERNELS_OF_DIM 1
#endif
