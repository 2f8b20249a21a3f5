// SPDX-License-Identifier: Apache-2.0
// Between these two tools/qemu_count.c counts instructions.
#ifndef FOVEA_BENCH_COUNT_H_
#define FOVEA_BENCH_COUNT_H_

extern "C" {
[[gnu::noinline, gnu::used]] inline void FoveaCountBegin() {
  __asm__ volatile("" ::: "memory");
}
// Not the same code, lest the linker make one function of both.
[[gnu::noinline, gnu::used]] inline void FoveaCountEnd() {
  __asm__ volatile("nop" ::: "memory");
}
}

#endif  // FOVEA_BENCH_COUNT_H_
