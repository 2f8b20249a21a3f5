// SPDX-License-Identifier: Apache-2.0
// What every fovea call returns.
#ifndef FOVEA_STATUS_H_
#define FOVEA_STATUS_H_

#include <cstdint>

namespace fovea {

// A call that returns anything but kOk has written nothing: no output, no
// cache entry, no scratch that a later call depends on.
enum class Status : uint8_t {
  kOk = 0,
  kNullPointer,    // a required pointer is null
  kZeroCount,      // a count (batch, queries, keys, tokens) is zero
  kTooManyTokens,  // a count exceeds the maximum fixed in the config
  kBadStride,      // a stride is smaller than the row it must step over
  kMisaligned,     // a workspace, cache or packed weight is not aligned
  kCacheFull,      // the cache has no room for the tokens
  kBadScale,       // a scale, a factor or eps is out of its range
  kForgotten,      // a ring no longer holds what the call needs
  kBadFormat,      // saved bytes are not such a cache's, or damaged
  kTooShort,       // fewer bytes than that
  kBadPart,        // a part is not below the number of parts
  kUnsupported,    // the config does not allow this call
  kBadToken,       // a token is not below the size of the vocabulary
};

// The enumerator's own spelling without the k: "Ok", "CacheFull", ...
constexpr const char* Name(Status status) noexcept {
  switch (status) {
    case Status::kOk:
      return "Ok";
    case Status::kNullPointer:
      return "NullPointer";
    case Status::kZeroCount:
      return "ZeroCount";
    case Status::kTooManyTokens:
      return "TooManyTokens";
    case Status::kBadStride:
      return "BadStride";
    case Status::kMisaligned:
      return "Misaligned";
    case Status::kCacheFull:
      return "CacheFull";
    case Status::kBadScale:
      return "BadScale";
    case Status::kForgotten:
      return "Forgotten";
    case Status::kBadFormat:
      return "BadFormat";
    case Status::kTooShort:
      return "TooShort";
    case Status::kBadPart:
      return "BadPart";
    case Status::kUnsupported:
      return "Unsupported";
    case Status::kBadToken:
      return "BadToken";
  }
  return "?";
}

}  // namespace fovea

#endif  // FOVEA_STATUS_H_
