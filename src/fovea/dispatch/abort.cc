// SPDX-License-Identifier: Apache-2.0
// What Highway's detection of the CPU calls when it contradicts itself. Its own
// prints, and would bring the C++ library along.
#include <hwy/base.h>

namespace hwy {

HWY_NORETURN void Abort(const char* /*file*/, int /*line*/,
                        const char* /*format*/, ...) {
  __builtin_trap();
}

}  // namespace hwy
