// SPDX-License-Identifier: Apache-2.0
// Compiled for vectors without a compile-time size: no array of them, no
// operator on them can creep in.
#include "every_kernel/attention.cc"
#include "every_kernel/caches.cc"
#include "every_kernel/integers.cc"
#include "every_kernel/layers.cc"
#include "every_kernel/transformer.cc"

static_assert(HWY_HAVE_SCALABLE, "this file is meant for SVE or RVV");
