// SPDX-License-Identifier: Apache-2.0
#include "fovea/status.h"

#include "fovea/c/status_out.h"
#include "fovea/fovea.h"

namespace fovea {
namespace c {

static_assert(Out(Status::kBadToken) == FOVEA_BAD_TOKEN &&
                  Out(Status::kUnsupported) == FOVEA_UNSUPPORTED &&
                  Out(Status::kBadPart) == FOVEA_BAD_PART &&
                  Out(Status::kTooShort) == FOVEA_TOO_SHORT &&
                  Out(Status::kBadFormat) == FOVEA_BAD_FORMAT &&
                  Out(Status::kForgotten) == FOVEA_FORGOTTEN &&
                  Out(Status::kBadScale) == FOVEA_BAD_SCALE &&
                  Out(Status::kCacheFull) == FOVEA_CACHE_FULL &&
                  Out(Status::kMisaligned) == FOVEA_MISALIGNED &&
                  Out(Status::kBadStride) == FOVEA_BAD_STRIDE &&
                  Out(Status::kTooManyTokens) == FOVEA_TOO_MANY_TOKENS &&
                  Out(Status::kZeroCount) == FOVEA_ZERO_COUNT &&
                  Out(Status::kNullPointer) == FOVEA_NULL_POINTER &&
                  Out(Status::kOk) == FOVEA_OK,
              "C and C++ number them alike");

}  // namespace c
}  // namespace fovea

extern "C" const char* fovea_status_name(fovea_status status) {
  const int number = static_cast<int>(status);
  if (number < 0 || number > FOVEA_BAD_TOKEN) return "?";
  return fovea::Name(static_cast<fovea::Status>(number));
}

extern "C" uint32_t fovea_version(void) {
  return FOVEA_VERSION_MAJOR * 10000 + FOVEA_VERSION_MINOR * 100 +
         FOVEA_VERSION_PATCH;
}
