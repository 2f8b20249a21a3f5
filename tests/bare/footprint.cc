// SPDX-License-Identifier: Apache-2.0
// One configuration in an image, to see what it costs: docs/footprint.md.
// FOVEA_FOOTPRINT names it, FOVEA_FOOTPRINT_HEADER where it stands.
#include FOVEA_FOOTPRINT_HEADER

namespace {

FOVEA_FOOTPRINT used;
const void* volatile call;

}  // namespace

bool Use(const void* with);
[[gnu::noinline]] bool Use(const void* with) { return used.Use(with); }

// Nothing of this is meant to run.
int main() { return Use(call) ? 0 : 1; }
